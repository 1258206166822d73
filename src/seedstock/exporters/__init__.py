"""Training formats by name. The first is the default."""

BUILTIN = {
    "messages": "seedstock.exporters.messages:Messages",
    "preference": "seedstock.exporters.preference:Preference",
    "prompt_completion": "seedstock.exporters.prompt_completion:PromptCompletion",
}
