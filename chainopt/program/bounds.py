"""How far a program is followed, for those who only ask: tracing itself brings NumPy."""

MAX_STEPS = 5_000_000
"""The most steps of a trace, where nothing else is said."""
