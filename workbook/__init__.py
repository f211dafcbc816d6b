"""The tools of the workbook."""
