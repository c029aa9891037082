"""After closing: the export for the count, the published record, its public pages, receipts."""
