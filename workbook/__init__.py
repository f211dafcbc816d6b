"""The machinery of the workbook: for its readers, its book, and its keepers."""
