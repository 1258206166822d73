"""What the harmless rewordings exchange for what: patterns and their replacements.

A rule leaves numbers, names, negations and quoted values as they are; where a word means something else
in some folders, the rule names the folder in which it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from facts.cover import HIDDEN

Rule = tuple[str, str | Callable[[re.Match[str]], str]]
APOS = r"(?:'|’|\\u2019)"
_AUX = r"[Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]as|[Hh]ave|[Ww]ould|[Cc]ould|[Ss]hould"

# -- contractions

EXPAND: list[Rule] = [
    (rf"\b({_AUX}|[Hh]ad)n{APOS}t(?! (?:you|we|they|it|he|she|i)\b)", r"\1 not"),
    (rf"\b([Cc]an){APOS}t\b(?! you)", r"\1not"),
    (rf"\b([Ww])on{APOS}t\b", r"\1ill not"),
    (rf"\b([Ii]){APOS}m\b", r"\1 am"),
    (rf"\b([Ii]|[Yy]ou|[Ww]e|[Tt]hey){APOS}ve\b", r"\1 have"),
    (rf"\b([Ii]|[Yy]ou|[Ww]e|[Tt]hey|[Hh]e|[Ss]he|[Ii]t){APOS}ll\b", r"\1 will"),
    (rf"\b([Yy]ou|[Ww]e|[Tt]hey){APOS}re\b", r"\1 are"),
    (rf"\b(what|What|where|Where|how|How){APOS}s (?=the|your|my)", r"\1 is "),
    (r"\bwhats (?=the|my)", "what is "),
    (rf"\b([Tt]here|[Tt]hat){APOS}s (?=no|a|the|an)", r"\1 is "),
    (rf"\b(i){APOS}d like", r"\1 would like"),
    (r"\bim (?=at|looking)", "i am "),
]
CONTRACT: list[Rule] = [
    (rf"\b({_AUX}) not(?= (?!only|to|just|as)[a-z])", r"\1n't"),
    (r"\b([Cc]an)not\b", r"\1't"),
    (r"\b([Ww])ill not\b", r"\1on't"),
    (r"\b([Ii]) am(?= [a-z])", r"\1'm"),
    (r"\b([Ii]) would like\b", r"\1'd like"),
    (r"\b([Ww]hat|[Ww]ho|[Ww]here|[Hh]ow) is (?=the|your|my|a)\b", r"\1's "),
    (r"\b([Tt]hey|[Ww]e|[Yy]ou) are(?= [a-z]+ing\b)", r"\1're"),
    (r"\b([Tt]here) is (?=an?\b)", r"\1's "),
    (r"\b([Ii]) will(?= [a-z])", r"\1'll"),
    (r"\b([Hh]e|[Ss]he|[Ii]t) is (?=[a-z]+ing\b)", r"\1's "),
    (r"\b(I|[Tt]hey|[Ww]e) have(?= (?:[a-z]+ed|been)\b)", r"\1've"),
]

# -- what stands around a text: greetings, thanks, frames

GREETINGS = ["hi, ", "hello, ", "hey, ", "hi there, ", "hello there! ", "hey there, ", "good day, ", "hi! "]
THANKS = [
    " thanks",
    ", thanks",
    " thank you",
    ", thank you",
    " thanks in advance",
    " many thanks",
    ", cheers",
]
SPOKEN = ["um, ", "um, so, ", "uh, ", "okay so ", "so ", "well, ", "uhm, okay, ", "right, so ", "yeah, so "]
TICKET = [
    "subject: request\n\n{}",
    "message: {}",
    "> {}",
    "user: {}",
    "request: {}",
    "[chat] {}",
    "{}\n\nbest regards",
    "subject: question\n\nhello,\n\n{}\n\nkind regards",
    "dear team,\n\n{}\n\nbest wishes",
    "{}\n\nsent from my phone",
]
PROSE = [
    "note: {}",
    "for the record: {}",
    "as the text says: {}",
    "from the article: {}",
    "here is the sentence: {}",
]
TWEET = ["so, {}", "ok so {}", "fyi: {}", "hey all: {}", "as i said: {}", "well: {}"]
INSTRUCT = [
    "hi, here is a task for you: {}",
    "hello! {}",
    "here is my request: {}",
    "task: {}",
    "{}\n\nthanks",
    "user: {}",
]
FIRST = set(
    """
    what who when where why how which is are was were will can could would should do does did has have
    the a an in on if for at find list show give return count tell he she it they there this these his
    her their some once both all write generate create make explain describe suggest please after each
    during while by
    """.split()
)
"""Words that lose their capital behind a greeting."""

# -- words

WORDS: list[tuple[str, str, str]] = [
    ("fridge", "refrigerator", ""),
    ("luggage", "baggage", ""),
    ("(?<!how )soon", "shortly", "clinc_intents"),
    ("dinner", "supper", "clinc_intents"),
    ("nearest", "closest", ""),
    ("closest", "nearest", ""),
    ("prepare", "make", "clinc_intents"),
    ("correct", "right", "clinc_intents"),
    ("receive(?= my)", "get", "clinc_intents"),
    ("kind of", "type of", ""),
    ("type of", "kind of", "clinc_intents"),
    ("type of", "sort of", "clinc_intents"),
    ("need(?= (?:a|an|the)\\b)", "require", "clinc_intents"),
    ("restrictions", "rules", "clinc_intents"),
    ("currently", "at the moment", ""),
    ("replace(?= my)", "change", "clinc_intents"),
    ("arriving", "coming", "clinc_intents"),
    ("i want to", "i would like to", "clinc_intents"),
    ("tell me if", "let me know if", "clinc_intents"),
    ("tell me how", "let me know how", "clinc_intents"),
    ("let me know", "tell me", "clinc_intents"),
    ("visit", "go to", "clinc_intents"),
    ("what kind of", "which kind of", ""),
    ("my bags", "my suitcases", "clinc_intents"),
    ("kids", "children", "gsm8k"),
    ("children", "kids", "gsm8k"),
    ("altogether", "in total", "gsm8k"),
    ("in total(?=[?.])", "altogether", "gsm8k"),
    ("buys", "purchases", "gsm8k"),
    ("bought", "purchased", "gsm8k"),
    ("buy", "purchase", "gsm8k"),
    ("decides to", "chooses to", "gsm8k"),
    ("decided to", "chose to", "gsm8k"),
    ("wants to", "would like to", "gsm8k"),
    ("needs to", "has to", "gsm8k"),
    ("has to", "needs to", "gsm8k"),
    ("calculate", "work out", "gsm8k"),
    ("picks", "collects", "gsm8k"),
    ("starts", "begins", "gsm8k"),
    ("finish", "complete", "gsm8k"),
    ("people", "persons", "gsm8k"),
    ("additional", "extra", "gsm8k"),
    ("everyone", "everybody", ""),
    ("each year", "every year", ""),
    ("every day", "each day", "gsm8k"),
    ("each day", "every day", "gsm8k"),
    ("homework", "schoolwork", "gsm8k"),
    ("mom", "mother", "gsm8k"),
    ("gonna", "going to", ""),
    ("wanna", "want to", ""),
    ("favourite", "favorite", ""),
    ("favorite", "favourite", ""),
    ("ur", "your", "tweet_sentiment"),
    ("u", "you", "tweet_sentiment"),
    ("pls", "please", ""),
    ("awesome", "amazing", "tweet_sentiment"),
    ("excited", "thrilled", "tweet_sentiment"),
    ("&amp;", "and", "tweet_sentiment"),
    ("going to be", "gonna be", "tweet_sentiment"),
    ("lots of", "loads of", "tweet_sentiment"),
    ("movie", "film", "tweet_sentiment"),
    ("located in", "situated in", ""),
    ("area", "region", "ner_wikigold"),
    ("was later", "was subsequently", ""),
    ("great(?= [a-z]+ (?:poet|leader))", "famous", ""),
    ("built", "constructed", "ner_wikigold"),
    ("main", "primary", "ner_wikigold"),
    ("due to", "because of", ""),
    ("because of", "due to", ""),
    ("in order to", "to", ""),
    ("difficult", "hard", "ner_wikigold"),
    ("near the", "close to the", "ner_wikigold"),
    ("died", "passed away", "ner_wikigold"),
    ("often", "frequently", ""),
    ("began", "started", "ner_wikigold"),
    ("(?<!had )(?<!has )(?<!get )started", "began", "ner_wikigold"),
    ("is known for", "is noted for", ""),
    ("in the early", "early in the", "ner_wikigold"),
    ("has been created", "has been made", ""),
    ("is used", "is employed", "ner_wikigold"),
    ("stopped", "halted", "ner_wikigold"),
    ("was made by", "was drawn up by", "ner_wikigold"),
    ("is owned by", "belongs to", "ner_wikigold"),
    ("purchased", "bought", "ner_wikigold"),
    ("executed", "put to death", "ner_wikigold"),
    ("Eventually", "In the end", "ner_wikigold"),
    ("Despite", "In spite of", "ner_wikigold"),
    ("Following", "After", "ner_wikigold"),
    ("managed by", "run by", "ner_wikigold"),
    ("occurred", "took place", "ner_wikigold"),
    ("attended", "went to", "ner_wikigold"),
    ("compelled to", "forced to", "ner_wikigold"),
    ("enclosed", "included", "ner_wikigold"),
    ("decided to", "resolved to", "ner_wikigold"),
    ("In fact", "Actually", "ner_wikigold"),
    ("wrote", "penned", "ner_wikigold"),
    ("injuring", "hurting", "ner_wikigold"),
    ("exploded", "went off", "ner_wikigold"),
    ("led an effort", "headed an effort", "ner_wikigold"),
    ("seldom", "rarely", "ner_wikigold"),
    ("is remembered for", "is known for", "ner_wikigold"),
    ("inspired by", "influenced by", "ner_wikigold"),
    ("likely", "probably", "ner_wikigold"),
    ("completely", "entirely", "ner_wikigold"),
    ("evr", "ever", "tweet_sentiment"),
    ("bc", "because", "tweet_sentiment"),
    ("w/(?= )", "with", "tweet_sentiment"),
    ("thts", "that's", "tweet_sentiment"),
    ("(?<=^)Just saw", "I just saw", "tweet_sentiment"),
    ("so{3,}", "so", "tweet_sentiment"),
    ("obsessed with", "hooked on", "tweet_sentiment"),
    ("(?<=@user )Is it at all possible", "Would it be possible", "tweet_sentiment"),
    ("really", "truly", "tweet_sentiment"),
    ("amazing", "incredible", "tweet_sentiment"),
    ("can we", "could we", "tweet_sentiment"),
    ("thinks", "believes", "tweet_sentiment"),
    ("movie", "film", "ner_movie"),
    ("movies", "films", "ner_movie"),
    ("film(?! genre| noir)", "movie", "ner_movie"),
    ("films", "movies", "ner_movie"),
    ("starring", "featuring", "ner_movie"),
    ("featuring", "with", "ner_movie"),
    ("(?:(?<=movie )|(?<=movies )|(?<=film )|(?<=films ))about", "dealing with", "ner_movie"),
    ("(?:(?<=movie )|(?<=film ))directed by", "that was directed by", "ner_movie"),
    ("find me", "get me", "ner_movie"),
    ("what are some", "which are some", "ner_movie"),
    ("looking for", "searching for", "ner_movie"),
    ("different", "distinct", "spider_sql"),
    ("produced", "made", "spider_sql"),
    ("total number of", "overall number of", "spider_sql"),
    ("at this moment", "right now", "spider_sql"),
    ("for each", "for every", "spider_sql"),
    ("corresponding", "matching", "spider_sql"),
    ("the most common", "the most frequent", "spider_sql"),
    ("(?<=^)Create", "Make", "self_instruct_qwen"),
    ("(?<=^)Generate", "Produce", "self_instruct_qwen"),
    ("(?<=^)Suggest", "Propose", "self_instruct_qwen"),
    ("(?<=^)Give me", "Provide me with", "self_instruct_qwen"),
    ("(?<=^)Come up with", "Think of", "self_instruct_qwen"),
    ("detailed", "thorough", "self_instruct_qwen"),
    ("(?<=^)Make a list of", "List", "self_instruct_qwen"),
    ("(?<=^)Tell me(?= (?:if|why|whether))", "Let me know", "self_instruct_qwen"),
    ("(?<=^)Write", "Write down", "self_instruct_qwen"),
    ("given list", "list given", "self_instruct_qwen"),
    ("creative", "imaginative", "self_instruct_qwen"),
    ("funny", "amusing", "self_instruct_qwen"),
    ("possible", "conceivable", "self_instruct_qwen"),
    ("(?<=^)Rank", "Order", "self_instruct_qwen"),
    ("(?<=^)Select", "Choose", "self_instruct_qwen"),
    ("(?<=^)Decide whether", "Say whether", "self_instruct_qwen"),
    ("(?<=^)Detect if", "Check if", "self_instruct_qwen"),
    ("(?<=^)Solving", "Solve", "self_instruct_qwen"),
]
"""What is looked for (a pattern), what stands there then, and the folder; no folder: everywhere."""

# -- order

_WHEN = rf"((?:[{HIDDEN}A-Z][a-z]* )?\d{{4}}|[{HIDDEN}])"
_LONGER = r".*(?:\b(?:and|who|which|that|as|while|for)\b|\d|[.;](?=.))"
FRONT: list[Rule] = [
    (r"^(if|when) (i (?!need)[^,]+?),? ((?:do|will|can) i .+)$", r"\3 \1 \2"),
    (r"^((?:do|will|can) i .+) (if|when) (i.+)$", r"\2 \3, \1"),
    (rf"^In {_WHEN},? ((?!{_LONGER}).+[a-z{HIDDEN}])([.?])$", r"\2 in \1\3"),
    (rf"([a-z{HIDDEN}]) \(born (\d{{4}})\)", r"\1, born in \2,"),
    (r"^In fact, ", ""),
    (r"^([Hh]ow many [^,?]+?) in (\d{4})(\?)$", r"In \2, \1\3"),
    (r"^please (.+)$", r"\1 please"),
    (r"^([^,]+), please$", r"please \1"),
    (r"^(go ahead and .+) now$", r"now \1"),
    (r"^in the (\d{4} ?s|[" + HIDDEN + r"]) (did .+)$", r"\2 in the \1"),
    (r"^from here, (.+)$", r"\1 from here"),
    (r"^(how .+) (right now|tonight)$", r"\2, \1"),
    (r"^in my car, (.+)$", r"\1 in my car"),
]

# -- politeness and the shells of questions

REQUEST = (
    "show|list|find|give|tell|count|return|suggest|recommend|name|describe|play|send|call|text|update|change"
)
TASKS = (
    "generate|write|create|make|explain|describe|brainstorm|recommend|suggest|plan|find|add|compose|summarize|"
    "rewrite|translate|paraphrase|convert|identify|design|classify|answer|solve|replace|extract|complete|turn|come|"
    "give|tell"
)
POLITE: list[Rule] = [
    (r"^can you (?!not)", "could you please "),
    (r"^(?:could|would) you (?!not|like|mind)", "can you please "),
    (r"^please ", "could you please "),
    (rf"^({REQUEST})(?= [a-z{HIDDEN}])", r"please \1"),
    (rf"^({REQUEST})(?= [a-z{HIDDEN}])", r"could you \1"),
    (rf"^({REQUEST})(?= [a-z{HIDDEN}])", r"can you please \1"),
    (r"^i want to ", "i would like to "),
    (r"^i need to ", "i have to "),
    (r"^i must ", "i need to "),
    (r"^i would like (?=to)", "i want "),
    (r"^i have to ", "i need to "),
    (r"^i'd like to ", "i would love to "),
    (r"^i want to see ", "please show me "),
    (r"^help me ", "please help me "),
    (r"^(?:im|i am) looking for ", "i would like to find "),
    (r"^looking for ", "i am looking for "),
]
NOUN = rf"((?:the|my|your|our|all)\b[^?]*?[^?\s]|[{HIDDEN}][^?]*?)"
NO_SHELL = re.compile(r"\b(?:like|for you|called|and what|and how|and when|if)\b|looking|\b(?:mean|cost)$")
SHELLS: list[Rule] = [
    (rf"^(?:what is|what are|what's|whats|what was) {NOUN}\??$", r"tell me \1"),
    (rf"^(?:what is|what are|what's|whats) {NOUN}\??$", r"give me \1"),
    (rf"^(?:what is|what are|what's|whats) {NOUN}\??$", r"i would like to know \1"),
    (rf"^(?:what is|what are|what's|whats) {NOUN}\??$", r"can you tell me \1"),
    (rf"^(?:show me|list|find|give|give me|return|find me) {NOUN}([.?]?)$", r"what are \1"),
    (r"^(?:show me|find me) (.+)$", r"give me \1"),
    (r"^(?:show me|find me) (.+)$", r"i am looking for \1"),
    (r"^give me (.+)$", r"show me \1"),
    (r"^find (.+)$", r"look up \1"),
    (r"^list (.+)$", r"show me \1"),
    (r"^return (.+)$", r"give me \1"),
    (r"^list ((?!an? ).+)$", r"give me a list of \1"),
    (r"^how many ([a-z ]+?) are there\??$", r"what is the number of \1"),
    (r"^how many ([a-z ]+?) are there in (.+?)\??$", r"what is the number of \1 in \2"),
    (r"^count the number of (.+)$", r"how many \1 are there"),
    (r"^is there (?=an?\b)", "do you know of "),
    (r"^are there any ", "do you have any "),
    (r"^who directed (.+?)\??$", r"who was the director of \1"),
    (r"^who (?:stars|starred|plays) in (.+)$", r"which actors are in \1"),
    (r"^can you (.+)$", r"i want you to \1"),
    (r"^i want you to ", "can you "),
    (r"^how do i (.+)$", r"tell me how i \1"),
    (r"^how do i (.+)$", r"what is the way to \1"),
    (r"^tell me (?=the|what|how|if)", "i would like to know "),
    (r"^do i need ", "is it necessary for me to have "),
    (r"^when is (.+)$", r"tell me when \1 is"),
]


SUMS: list[Rule] = [
    (
        rf"How many ([a-z -]+?) (?:does|did) ([\w{HIDDEN}]+) have left(?=[ ?])",
        r"What is the number of \1 that \2 has left",
    ),
    (rf"How many ([a-z -]+?) does ([\w{HIDDEN}]+) have(?=\?)", r"What is the number of \1 that \2 has"),
    (
        rf"How many ([a-z -]+?) (?:does|did) ([\w{HIDDEN}]+) have (in total|altogether)\?",
        r"What is the total number of \1 that \2 has?",
    ),
    (rf"How much money does ([\w{HIDDEN}]+) make\?", r"How much does \1 earn?"),
    (rf"How much money did ([\w{HIDDEN}]+) make\?", r"How much did \1 earn?"),
    (r"How long does it take ", "How much time does it take "),
    (r"How long did it take ", "How much time did it take "),
    (rf"How old is ([\w{HIDDEN}]+)(?=\?| now)", r"What is the age of \1"),
    (r"\bcalculate (how|the) ", r"find out \1 "),
    (r"how long will it take", "how much time will it take"),
    (rf"How much did ([\w{HIDDEN}]+) spend", r"How much money did \1 spend"),
    (rf"How much money did ([\w{HIDDEN}]+) spend", r"How much did \1 spend"),
]

# -- negations

POLARITY: list[Rule] = [
    (rf"\b([Ii]) (?:cannot|can{APOS}t|can not)\b", r"\1 am unable to"),
    (r"\b(own|have|treat) no ([a-z]+s)\b", r"do not \1 any \2"),
    (r"\bdo not (own|have) any\b", r"\1 no"),
    (r"\bdid not (perform|operate) any\b", lambda m: f"{m[1].rstrip('e')}ed no"),
    (r"\bdo not have (friends)\b", r"have no \1"),
    (r"\bhave not (\w+ed) any\b", r"have \1 no"),
    (rf"\bhave(?: not|n{APOS}t) been able to\b", "have been unable to"),
    (r"\bnot able to\b", "unable to"),
    (r"\bwithout an? ", "with no "),
    (r"\bno one\b", "nobody"),
    (r"\bNo one\b", "Nobody"),
    (r"\bmay not (?=[a-z])", "might not "),
    (rf"\b([Tt]here)(?: is|{APOS}s) no\b", r"\1 is not any"),
    (r"\b(They|they) no longer (\w+) ([^.]+)\.", r"\1 do not \2 \3 any longer."),
    (r"\bare no longer\b", "are not any longer"),
    (r"\bdid not like\b", "disliked"),
    (rf"\b([Ii])(?:{APOS}ve| have) never\b", r"\1 have not ever"),
    (r"\b(did) not arrive\b", "never arrived"),
    (r"\bhas no (?=[a-z]+ with)", "does not have any "),
    (r"\bnot going to be able\b", "going to be unable"),
    (r"\bNot going to be able\b", "Will not be able"),
    (r"\bis not working\b", "does not work"),
    (r"\bno good\b", "not good any more"),
    (rf"\bwouldn{APOS}t be\b", "was not going to be"),
]

# -- slips and fillers

SLIPS = """
please about would could should which there their because before after again people movie movies directed
starring account transactions language restrictions ingredients reservations vacation recipe students
names number flights teachers courses countries money spend school friends children cookies together
decided actually tomorrow watching going looking during these through available following sentence
describe generate suggest question answer explain story example what with from have
""".split()
"""Common words that may be misspelt."""
REAL = set(
    """
    form wit hat wat fro hae hve gong spend send peole witt moves move thee tree three thre tere names
    ames name shool curses rought though tough through whih pease palce wold
    """.split()
)
"""What a slip must not turn a word into."""
FILLERS: list[Rule] = [
    (r"^please ", ""),
    (r",? please$", ""),
    (r"\bplease ", ""),
    (r"(?<=i )really (?=thank|appreciate)", ""),
    (r"\bactually ", ""),
    (r"(?<=I'm )just (?=gonna|going)", ""),
    (r"(?<=i )literally ", ""),
    (r"\bkindly ", ""),
    (r"(?<=you )kindly$", ""),
    (r"(?<= i)d just like", "d like"),
    (r"\bgo ahead and ", ""),
    (r"\bso (?=sad|happy|excited|proud)", ""),
]
