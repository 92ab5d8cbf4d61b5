"""Pure statistics on moments. May import schemas."""
