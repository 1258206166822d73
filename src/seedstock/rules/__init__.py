"""The embedded rules: text surgery that preserves labels, facts and schemas by construction."""
