"""Pure rules on who sees what and what may be concluded. May import schemas."""
