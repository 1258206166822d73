"""Gates by name, in the order in which a row meets them: cheap ones and absolute ones first.

`duplicate` comes last of the row gates because it compares with rows that all others accepted.
"""

BUILTIN = {
    "format": "seedstock.gates.format:FormatGate",
    "quirks.terms": "seedstock.gates.terms:TermsGate",
    "leak": "seedstock.gates.leak:LeakGate",
    "facts": "seedstock.gates.facts:FactsGate",
    "relevance.json": "seedstock.gates.relevance_json:JsonGate",
    "relevance.sql": "seedstock.gates.relevance_sql:SqlGate",
    "relevance.code": "seedstock.gates.relevance_code:CodeGate",
    "relevance.answer": "seedstock.gates.relevance_answer:AnswerGate",
    "relevance.transformation": "seedstock.gates.relevance_transformation:TransformationGate",
    "relevance.function": "seedstock.gates.relevance_function:FunctionGate",
    "relevance.agreement": "seedstock.gates.relevance_agreement:AgreementGate",
    "relevance": "seedstock.gates.relevance:RelevanceGate",
    "duplicate": "seedstock.gates.duplicate:DuplicateGate",
    "review": "seedstock.gates.review:ReviewGate",
    "share": "seedstock.gates.share:ShareGate",
}
