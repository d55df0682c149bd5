"""Words that tell how hard a request is, in the languages that are written most.

`analyze`, `explain in detail`, `compare` and `evaluate` are those of the lesson that this product
comes from. All are in lower case; forms are written out, as people and not grammars use them.
"""

# ruff: noqa: RUF001


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRONG = _words(
    """
    analyze analyse analyzing analysing analysis compare comparing comparison contrast evaluate
    evaluating evaluation assess assessment critique criticize investigate synthesize justify
    prove derive optimize optimise refactor debug diagnose architect tradeoff trade-off tradeoffs
    trade-offs discuss comprehensive thorough thoroughly in-depth rigorous step-by-step

    analysiere analysieren analysiert vergleiche vergleichen vergleicht bewerte bewerten beurteile
    beurteilen untersuche untersuchen begründe begründen beweise ausführlich ausführliche optimiere

    analyser analysez analysons comparer comparez évaluer évalue évaluez justifier justifiez
    démontrer démontrez approfondie approfondi

    analizar analiza analice compara comparar compare evalúa evaluar evalúe justifica demuestra
    exhaustivo detalladamente

    analizza analizzare confronta confrontare valuta valutare dimostra approfondita
    dettagliatamente

    analise analisar avalie avaliar justifique demonstre detalhadamente

    analyseer analyseren vergelijk vergelijken beoordeel beoordelen evalueer onderbouw uitgebreid

    przeanalizuj porównaj oceń uzasadnij udowodnij szczegółowo
    проанализируй проанализируйте сравни сравните оцени оцените докажи докажите обоснуй подробно
    проаналізуй порівняй оціни детально
    karşılaştır değerlendir kanıtla ayrıntılı
    حلل قارن قيم اثبت بالتفصيل
    विश्लेषण तुलना मूल्यांकन विस्तार
    분석해 분석하고 비교해 비교하고 평가해 자세히
    """
)
"""One of them makes a request hard."""

STRONG_PHRASES = (
    "explain in detail",
    "in great detail",
    "step by step",
    "pros and cons",
    "root cause",
    "im detail",
    "schritt für schritt",
    "vor- und nachteile",
    "en détail",
    "étape par étape",
    "en detalle",
    "paso a paso",
    "in dettaglio",
    "passo dopo passo",
    "em detalhe",
    "passo a passo",
    "in detail uit",
    "stap voor stap",
    "krok po kroku",
    "шаг за шагом",
    "adım adım",
)
STRONG_UNSPACED = (
    "分析",
    "比较",
    "比較",
    "评估",
    "評価",
    "評估",
    "详细",
    "詳しく",
    "详解",
    "推导",
    "证明",
    "証明",
)
"""Of languages that put no blanks between words."""

PLANS = _words(
    """
    design plan strategy propose recommend implement algorithm architecture
    entwirf entwerfe plane konzept
    conçois proposez planifie
    diseña propón planifica
    progetta proponi
    projete planeje
    ontwerp
    zaprojektuj
    спроектируй предложи
    tasarla
    """
)
"""What is to be planned."""

REASONS = _words(
    """
    why how
    warum wieso weshalb wie
    pourquoi comment
    porque cómo
    perché come
    por-que como
    waarom hoe
    dlaczego jak
    почему зачем как
    neden nasıl
    لماذا كيف
    क्यों कैसे
    왜 어떻게
    """
)
"""Questions that want reasons."""
REASONS_UNSPACED = ("为什么", "為什麼", "怎么", "如何", "なぜ", "どうして", "どのように")

MAKING = _words(
    """
    write draft compose generate create rewrite summarize summarise translate
    schreibe verfasse erstelle übersetze fasse
    écris écrivez rédige rédigez crée traduis résume
    escribe redacta crea traduce resume
    scrivi crea traduci riassumi
    escreva crie traduza resuma
    schrijf maak vertaal
    napisz stwórz przetłumacz
    напиши создай переведи
    """
)
"""Requests for a text."""

CODE = _words(
    """
    python javascript typescript java rust golang kotlin swift haskell c++ c# sql bash regex html
    css function code script program class method api json yaml dockerfile kubernetes unittest
    stacktrace compiler bug exception async thread recursion docstring pytest github linux
    funktion programm skript código função función programme programma код функция программа
    """
)
"""Words of programming; two of them make code a full feature."""

MATHS = _words(
    """
    integral derivative equation matrix eigenvalue theorem proof probability polynomial limit
    logarithm gradient vector calculus algebra geometry topology prime modulo factorial variance
    gleichung ableitung wahrscheinlichkeit satz beweis
    équation dérivée intégrale probabilité théorème matrice
    ecuación derivada probabilidad teorema matriz
    equazione derivata probabilità
    уравнение интеграл производная вероятность теорема матрица
    """
)

ENGLISH = _words("the is of and to what are you with for that please can")
FOREIGN = _words(
    """
    der die das und ist nicht ein eine mit auf für ich wie was
    le la les des est et une un pour que dans je avec
    el los las es y una por con qué para
    il lo gli che di è per non sono
    os um uma não para com é
    het een van niet en op dat
    jest nie na się że
    bir ve bu için ne
    """
)
"""The commonest words of languages in Latin script; two of them, and none of `ENGLISH`, tell."""
