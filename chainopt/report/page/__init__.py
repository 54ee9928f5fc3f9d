"""The HTML report: one file that needs no other.

write       the page (page.html, page.css, page.js); tables, charts: its parts
notebook    a solution at the end of a notebook's cell
"""
