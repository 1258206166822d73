"""Teachers by kind."""

BUILTIN = {
    "rules": "seedstock.teachers.rules:Rules",
    "openai": "seedstock.teachers.openai:OpenAI",
}
