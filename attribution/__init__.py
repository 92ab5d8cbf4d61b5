"""Pure rules from events to moments increments. May import schemas and inference.moments."""
