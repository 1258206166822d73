"""Recipes by name."""

BUILTIN = {
    "paraphrase": "seedstock.recipes.paraphrase:Paraphrase",
    "swap": "seedstock.recipes.swap:Swap",
    "noise": "seedstock.recipes.noise:Noise",
}
