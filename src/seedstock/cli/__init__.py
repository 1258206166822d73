"""The command line: parse, call one verb, show its result. No logic that a notebook would miss."""
