"""A network in other formats: written, shown to answer alike, and handed over with all that its user needs."""
