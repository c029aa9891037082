"""What stations deliver: kept once, checked in batches, never edited (S-1 to S-6)."""
