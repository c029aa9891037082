"""What the boards decide: double check-ins, persons not eligible, devices apart; each a new record (T-2, T-5)."""
