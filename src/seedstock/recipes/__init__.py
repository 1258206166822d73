"""Recipes by name: first those that rewrite seeds, then those that write new rows."""

BUILTIN = {
    "paraphrase": "seedstock.recipes.paraphrase:Paraphrase",
    "restyle": "seedstock.recipes.restyle:Restyle",
    "reformat": "seedstock.recipes.reformat:Reformat",
    "swap": "seedstock.recipes.swap:Swap",
    "noise": "seedstock.recipes.noise:Noise",
    "generate": "seedstock.recipes.generate:Generate",
    "long_tail": "seedstock.recipes.long_tail:LongTail",
    "reasoning": "seedstock.recipes.reasoning:Reasoning",
    "conversation": "seedstock.recipes.conversation:Conversation",
    "red_team": "seedstock.recipes.red_team:RedTeam",
}
