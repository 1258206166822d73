"""Embedders by name. The first is the default."""

BUILTIN = {
    "minilm": "seedstock.embedders.minilm:MiniLM",
    "lexical": "seedstock.embedders.lexical:Lexical",
    "openai": "seedstock.embedders.openai:OpenAIEmbeddings",
    "sentence-transformers": "seedstock.embedders.sentence_transformers:SentenceTransformers",
    "model2vec": "seedstock.embedders.model2vec:Model2Vec",
}
