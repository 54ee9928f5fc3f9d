"""What is said of a solution, drawn, and put on pages and sheets: all from the same rows, without mathematics.

content/    what is said: findings, sheets, remarks
picture/    the chain and its value, drawn
excel/      write_excel; page/: write_html, and a notebook's cell
terminal    show; screen: its first 24 lines; record: JSON; annotate: results in the user's own workbook
templates   the files beside the code
"""
