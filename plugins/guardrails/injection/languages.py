"""The words of `lexicon.py` in German, French, Spanish, Italian, Portuguese, Polish, Dutch,
Russian, Chinese and Japanese, as far as overrides, extraction and role play go.
"""

WORDS = {
    "drop": """
        ignoriere ignorieren ignorier ignoriert ignorierst vergiss vergessen vergesse missachte
        missachten umgehe umgehen übergehe verwirf
        ignorez ignorer oublie oubliez oublier ne_tiens_pas_compte ne_tenez_pas_compte
        fais_abstraction faites_abstraction ne_suis_pas ne_suivez_pas
        ignora ignorad ignorar olvida olvide olvidar olvídate descarta haz_caso_omiso
        no_sigas
        ignorate ignorare dimentica dimenticare dimenticate trascura scarta non_seguire
        ignorem esqueça esquece esquecer desconsidere desconsidera descarte não_siga
        zignoruj ignoruj zignorować ignorować zapomnij pomiń nie_przestrzegaj
        negeer negeren vergeet vergeten
        игнорируй игнорируйте проигнорируй проигнорируйте игнорировать забудь забудьте
        не_следуй
        忽略 无视 忘记 忘掉 不要遵守 无需遵守 不要理会 無視 忘れて 忘れろ 忘れてください
        従わない
        """,
    "prior": """
        vorherige vorherigen vorheriger bisherige bisherigen vorigen obige obigen
        vorangegangenen
        früheren vorhergehenden ursprünglichen zuvor vorher
        précédente précédentes précédents précédent antérieures antérieurs ci_dessus initiales
        anteriores anterior previas previos de_arriba iniciales originales
        precedenti precedente sopra anteriori iniziali acima prévias iniciais originais
        poprzednie poprzednich wcześniejsze wcześniejszych powyższe powyższych dotychczasowe
        vorige voorgaande eerdere bovenstaande
        предыдущие предыдущих прежние прошлые вышеуказанные выше
        之前 以前 先前 上述 前面 以上 上面 これまで 上記 前の 今まで 先ほど
        """,
    "order": """
        anweisung anweisungen instruktionen befehle regeln vorgaben richtlinien weisungen
        consignes directives règles ordres
        instrucciones instrucción órdenes reglas directrices indicaciones normas
        istruzioni istruzione regole direttive ordini comandi indicazioni
        instruções instrução regras diretrizes ordens orientações
        instrukcje instrukcji polecenia poleceń zasady zasad wytyczne wytycznych reguły
        instructies instructie opdrachten regels richtlijnen aanwijzingen
        инструкции инструкций указания указаний правила команды
        指令 指示 规则 提示词 说明 規則 命令 ルール プロンプト 制約
        """,
    "all": """
        alle allen sämtliche sämtlichen jede toutes tous toute tout todas todos toda cualquier
        tutte tutti ogni quaisquer wszystkie wszystkich wszelkie wszystko alles все всех любые
        所有 一切 全部 すべて 全て
        """,
    "matter": "alles tout todo tutto tudo wszystko все 一切 すべて",
    "given": "gesagt dit dicho detto dito powiedziano сказано",
    "hail": """
        hinweis_an_die_ki hinweis_an_den_assistenten an_die_ki an_den_assistenten
        note_à_l_assistant note_à_l_ia message_pour_l_assistant
        nota_para_el_asistente nota_para_la_ia nota_per_l_assistente nota_para_o_assistente
        opmerking_voor_de_assistent uwaga_dla_asystenta примечание_для_ассистента
        """,
    "do": """
        sende schicke leite envoie envoyez envía envíe invia inviate envie wyślij stuur отправь
        перешли 发送 送信
        """,
    "wish": "demande_de_l_utilisateur anfrage_des_nutzers petición_del_usuario",
    "your": """
        deine deinen dein deiner deines tes ton votre vos tus suas seus sua tue tuoi tuo tua
        twoje twoich twój swoje jouw твои твой свои свой ваши ваш 你的 您的 あなたの
        """,
    "show": """
        zeig zeige zeigen nenne nenn verrate gib ausgeben wiederhole wiederholen offenbare
        montre montrez affiche affichez révèle révélez donne donnez répète répétez dis_moi
        muestra muéstrame revélame dime repite imprime enséñame dame
        mostra mostrami rivela rivelami dimmi ripeti stampa mostre revele diga repita imprima
        exiba
        pokaż ujawnij wyświetl powtórz podaj wypisz toon laat vertel geef herhaal onthul
        покажи покажите выведи раскрой повтори напечатай назови
        显示 告诉我 输出 打印 重复 透露 泄露 展示 说出 表示 教えて 出力 見せて 繰り返して
        明かして
        """,
    "ask": "was_ist wie_lautet quel_est quelles_sont cuál_es cuáles_son qual_è quali_sono qual_é",
    "system": """
        systemprompt system_prompt systemanweisung systemanweisungen systemnachricht
        prompt_système invite_système message_système instructions_système consignes_système
        prompt_del_sistema mensaje_del_sistema instrucciones_del_sistema
        prompt_di_sistema messaggio_di_sistema istruzioni_di_sistema
        prompt_do_sistema prompt_de_sistema mensagem_do_sistema instruções_do_sistema
        prompt_systemowy promptu_systemowego instrukcje_systemowe komunikat_systemowy
        systeemprompt systeeminstructies systeembericht
        системный_промпт системные_инструкции системную_инструкцию системного_промпта
        системное_сообщение
        系统提示词 系统提示 系统指令 系统消息 初始指令 初始提示 システムプロンプト
        システムメッセージ 初期指示
        """,
    "the": "den die das dein le la les el los il lo gli het de mi mir moi 完整",
    "act": """
        du_bist_jetzt du_bist_nun ab_jetzt ab_sofort von_nun_an tu_ob stell_dir_vor
        tu_es_maintenant vous_êtes_maintenant désormais à_partir_de_maintenant fais_comme_si
        ahora_eres a_partir_de_ahora actúa finge ora_sei adesso_sei d_ora_in_poi da_ora_in_poi
        fingi
        comportati agisci agora_você_é você_agora_é a_partir_de_agora aja finja
        jesteś_teraz od_teraz teraz_jesteś udawaj je_bent_nu vanaf_nu doe_alsof
        ты_теперь теперь_ты отныне притворись представь
        你现在是 从现在开始 假装 扮演 あなたは今から 今から これからは ふりをして
        """,
    "no": """
        ohne keine keinen keinerlei sans aucune aucun sin ningún senza nessuna nessun sem
        nenhuma
        bez żadnych zonder geen без 没有 沒有 不受 制限なし
        """,
    "limit": """
        einschränkungen beschränkungen grenzen regeln filter restricciones límites filtros
        reglas
        restrizioni limiti filtri regole restrições limites filtres règles ograniczeń zasad
        beperkingen regels ограничений правил фильтров 限制 约束 審査 审查 制限なし 制限
        """,
    "ai": "ki ia ии 人工智能 助手 アシスタント",
    "free": """
        uneingeschränkte uneingeschränkter unzensierte unzensierter 不受限制 没有任何限制
        没有限制
        """,
    "you": "du vous tú je ты 你 您 あなた",
}
