"""Joint sessions of the boards: agenda, attendance, conflicts of interest, votes, decisions, minutes, signatures."""
