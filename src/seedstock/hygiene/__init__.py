"""What a teacher's text may carry that no training row should: marks to find, and slips to put right."""
