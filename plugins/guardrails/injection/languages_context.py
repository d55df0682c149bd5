"""The words of `context.py` in the languages of `languages.py`: talk about what a text says."""

CONTEXT_WORDS = {
    "worded": """
        übersetzt übersetzung übersetz grammatik korrigiere korrigieren formuliere rechtschreibung
        bedeutet heißt englisch englische französisch spanisch deutsch
        traduit traduire traduisez traduction grammaire corrige corrigez reformule signifie
        veut_dire anglais français allemand espagnol
        traducir traduzco traducción se_dice gramática corrija significa quiere_decir inglés
        francés alemán español
        traduz traduzir traduza tradução se_diz quer_dizer inglês francês alemão
        tradurre traduzione grammatica correggi vuol_dire inglese francese tedesco
        przetłumaczyć przetłumacz tłumaczenie gramatyka gramatykę popraw znaczy oznacza angielski
        niemiecki
        vertaalt vertalen vertaling grammatica verbeter betekent engels frans duits
        переведи переведите перевести перевод переводится грамматика исправь значит означает
        английский немецкий
        翻译 译成 语法 润色 意思 英语 英文 翻訳 訳して 文法 添削 意味 英語
        """,
    "cited": """
        sagt sagte schreibt schrieb steht satz wort wörter zeile titel text
        dit disait écrit phrase mot mots ligne titre texte
        dice dijo escribe frase palabra palabras línea título texto
        diz disse escreve palavra linha scrive scritto parola riga titolo testo
        mówi powiedział pisze zdanie słowo wiersz tytuł tekst
        zegt zei schrijft zin woord regel titel tekst
        говорит сказал пишет фраза предложение слово строка заголовок
        句子 这句话 标题 写着 说道 一文 文章 言葉 台詞
        """,
    "about": """
        angriffe angriffen angreifern beispiele erkläre erklärt bedeutet attaques attaquant
        attaquants pirates exemples expliquer ataques atacante atacantes ejemplos attacchi
        aggressore aggressori esempi atacantes exemplos atak ataki ataku przykład aanval aanvallen
        aanvaller voorbeeld атака атаки атаку злоумышленник злоумышленники пример
        攻击 攻击者 例子 攻撃 攻撃者
        """,
    "letter": """
        письмо коллегам клиентам команде сообщение 邮件 同事 客户 メール 同僚 お客様
        mensagem equipe mensaje bericht collega_s messaggio squadra zespołu kolegów
        """,
    "how": """
        wie_kann wie_könnte wie_lasse wie_mache wie_ignoriere wie_umgehe wie_übersetzt wie_sagt
        comment_puis comment_faire comment_ignorer comment_traduire comment_dire comment_oublier
        como_puedo como_hago como_ignorar como_se como_posso como_faço como_desativar como_olvidar
        come_posso come_faccio come_si come_ignorare
        jak_mogę jak_można jak_zignorować jak_przetłumaczyć
        hoe_kan hoe_negeer hoe_vertaal hoe_zeg как_мне как_можно как_игнорировать как_перевести
        如何 怎么 怎样 为什么 どうやって どうすれば
        """,
    "not": "nicht niemals nie ne_pas jamais nunca jamás nigdy niet nooit никогда",
    "reported": """
        ich_habe wir_haben er_hat sie_hat bringen_kann dazu_bringen gebeten aufgefordert
        j_ai nous_avons il_a elle_a ont_demandé a_demandé demandent ik_heb ik_ben we_hebben
        he_olvidado pidió pidieron piden hanno_chiesto ha_chiesto pediram pediu
        """,
}
