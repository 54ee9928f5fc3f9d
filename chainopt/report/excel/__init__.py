"""The Excel report.

write       the workbook; summary, inputs, receipts: its special sheets
paper, styles, charts   rows, named styles, native charts on sheets
"""
