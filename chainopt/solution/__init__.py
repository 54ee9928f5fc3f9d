"""Chain -> Solution: attempts by market or planner, then the judgement by code that shares nothing with them.

solution    Solution: status, plan, multipliers, derivatives, intervals
clock       what a solve is at, and what time is left
attempts    Ipopt's answers, from several starts
by_market   the market's answer
by_simplex  the simplex method's verdict, and Ipopt's answer beside it
proposals   a plan near the optimum by linear programs, for where Ipopt gets lost
judgement   an answer, checked: the verdict (a new verdict on a solve starts here and in words.status)
proven      infeasible and unbounded, proven or taken back
solve       solve: which method, in which order
"""
