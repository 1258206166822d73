"""Teachers by kind."""

BUILTIN = {
    "rules": "seedstock.teachers.rules:Rules",
    "openai": "seedstock.teachers.openai:OpenAI",
    "anthropic": "seedstock.teachers.anthropic:Anthropic",
    "batch": "seedstock.teachers.batch:Batch",
    "transformers": "seedstock.teachers.transformers:Transformers",
    "recording": "seedstock.teachers.recording:Recording",
}
