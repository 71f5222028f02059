"""Where a study's runs are done."""
