"""The words that weaken evidence: by them people ask, tell and warn about injections.

Classes of the same form as in `lexicon.py`; `scoring.py` says what each does.
"""

CONTEXT = {
    "my": "my our",
    "not": "not don_t dont never shouldn_t mustn_t without can_t cannot doesn_t didn_t",
    "how": """
        how_do how_can how_to how_would how_should how_could how_does does why is_it_possible
        can_i should_i is_there_a_way what_happens what_does how_the how_i why_does when_i
        how_you
        """,
    "others": """
        i he she they we it who someone people users students somebody developers git linter
        compiler parser script programs tool kernel compilers
        """,
    "about": """
        attack attacks attacker attackers injection injections jailbreaks adversary
        adversaries adversarial malicious hacker hackers example examples phrase phrases such_as
        e_g for_instance article articles paper detect detects detecting detection detector
        classifier defend defense defence mitigation mitigate mitigations explain what_does mean
        means quote quotes quoted regex dataset benchmark test_case unit_test vulnerability
        vulnerabilities owasp red_team red_teaming security_training phishing exploit exploits
        payload payloads translate_the translate_this called_prompt tries trick tricks tricked
        angriff angreifer beispiel attaque exemple ataque ejemplo attacco esempio researchers
        literature technique techniques protect protects prevent prevents against
        my_system_prompt my_prompt system_prompt_for a_system_prompt prompt_for this_prompt
        a_prompt system_prompt_that prompt_that my_bot my_chatbot my_assistant our_bot
        our_chatbot our_assistant their_system_prompt my_app my_application our_app fine_tune
        prompt_engineering evals guardrail
        """,
    "cited": """
        text string sentence sentences test tests containing contains contain title titled named
        called headline log line filter blocks block says said writes wrote word words term
        reads subject french german spanish italian english phrase translates sentence_means
        meaning subject_line
        """,
    "worded": """
        translate translation translates translated proofread correct grammar rephrase
        paraphrase spell spelling pronounce expression slogan wording übersetze übersetzen
        traduis traduce traduci przetłumacz vertaal summarize summarise announcement sign poster
        polish spanish german french italian dutch russian english portuguese japanese chinese
        idiom
        """,
    "letter": """
        email e_mail mail letter memo newsletter colleague colleagues team customers customer
        boss tenant tenants students guests staff hi_all hi_team dear_all dear_customers
        dear_team dear_colleagues dear_students dear_guests hello_everyone hi_everyone hello_all
        dear_parents dear_neighbours dear_residents dear_sir dear_madam members employees
        regards sincerely notice notify announcement attachment attachments appointment invoice
        draft reply liebe lieber sehr_geehrte kollegen kunden chef nachricht mieter bonjour
        collègues équipe clients courriel hola equipo colegas clientes correo estimados cari
        colleghi gentili cliente szanowni klientów wiadomość collega klanten beste schreibe
        schreib écris rédige escribe redacta scrivi napisz schrijf commander sergeant coach
        teacher neighbour landlord
        """,
    "reported": """
        told_me told_us asked_me asked_us advised recommended tells_me tells_us asks_me asks_us
        said_to says_to suggested wants_me wants_us told_them told_him told_her asks_it tells_it
        ask_it tell_it telling_it asking_it ask_the_model ask_the_bot ask_my_bot make_the_model
        tell_the_model tells_the_model asking_the_model asks_the_model instructs_it
        instruct_the_model instructs_the_model makes_it makes_the_model convince_it trick_it
        telling_the_model get_it_to gets_it_to
        """,
    "telling": """
        tell tells told asks asked ask instructs instructed orders ordered urges urged wants
        wanted makes made lets got gets tries tried attempts attempted tricks tricked convinces
        convinced forces forced advises advised requires required warns warned invites invited
        allows allowed leads led persuaded manipulated
        """,
    "third": """
        users people someone attackers students he she they it customers visitors hackers
        attacker somebody anyone person
        """,
    "coding": """
        function script code class method program app component python javascript java test sdk
        typescript backend library
        """,
    "subject": """
        attack attacks attacker attackers injection injections jailbreak jailbreaks
        vulnerability owasp classifier detector dataset honeypot
        """,
}
