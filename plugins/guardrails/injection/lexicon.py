"""The words that evidence is made of, in classes, in English.

A phrase of several words has `_` between them; `languages.py` adds the words of other languages,
and `context.py` those that weaken the evidence.
"""

CLASSES = {
    "drop": """
        ignore ignoring ignored disregard disregarding disregarded forget forgetting neglect
        overlook override overriding overrule overwrite bypass bypassing circumvent discard
        discarding abandon disobey nullify supersede unlearn evade pay_no_attention set_aside
        put_aside throw_out throw_away stop_following stop_obeying stop_listening not_follow
        don_t_follow dont_follow no_longer_follow never_follow no_longer_have_to
        not_have_to_follow not_have_to_obey don_t_have_to_follow don_t_have_to_obey not_obey
        don_t_obey never_mind nevermind not_adhere not_listen break_free_from not_bound
        no_longer_bound leave_behind let_go_of pay_no_heed not_required_to nothing_in_the
        nothing_in_your
        """,
    "lift": """
        skip drop remove delete erase cancel reset replace wipe purge clear omit disable
        disabling suspend deactivate turn_off switch_off shut_off change reject dismiss
        get_rid_of unlock lift
        """,
    "prior": """
        previous previously prior above earlier preceding foregoing former aforementioned so_far
        before initial original existing old past until_now up_to_now up_to_this_point
        given_to_you you_were_given you_have_been_given you_received been_told were_told
        were_given been_given came_before
        """,
    "above": "the_above above_text everything_above all_above anything_above all_of_the_above",
    "order": """
        instruction instructions directive directives guideline guidelines rule rules prompt
        prompts constraint constraints restriction restrictions guardrail guardrails safeguard
        safeguards programming directions commands policy policies protocols limitations
        safety_measures guidance
        """,
    "matter": """
        text texts message messages conversation content contents context everything anything
        words discussion chat inputs dialog dialogue orders tasks task memory what_i_said
        training sentences information whatever stuff
        """,
    "all": "all any every each everything whatever entire",
    "your": "your yours you_own own",
    "you": "you u ya yourself",
    "instead": """
        instead and_now now and_then then and_just and_only and_tell and_write and_say and_print
        and_output and_respond and_reply and_answer and_do and_give and_show and_reveal and_act
        and_start and_follow and_repeat only simply
        """,
    "void": """
        void invalid obsolete outdated cancelled canceled revoked superseded no_longer_apply
        no_longer_valid not_apply don_t_apply no_longer_in_effect no_longer_active overridden
        suspended lifted were_a_test was_a_test fake expired deprecated no_longer_relevant
        null_and_void switched_off turned_off disabled is_off are_off removed gone
        no_longer_exist not_exist
        """,
    "fresh": """
        new_instructions new_instruction new_rules updated_instructions new_directive
        new_directives real_instructions true_instructions actual_instructions real_task
        actual_task true_task new_objective new_prompt new_system_prompt new_orders
        revised_instructions new_task following_instructions these_instructions my_instructions
        instructions_below new_goal new_mission new_role new_guidelines my_commands my_orders
        new_persona new_identity
        """,
    "follow": "follow obey comply adhere execute listen",
    "only": "only must solely exclusively strictly instead",
    "show": """
        show reveal print repeat output display tell give share disclose leak dump expose list
        recite copy paste return provide divulge quote echo state translate summarize summarise
        encode see read type describe paraphrase regurgitate reproduce spell leaking revealing
        printing repeating respond_with reply_with
        """,
    "echo": """
        repeat print output recite echo copy dump reproduce paste replicate regurgitate reveal
        disclose leak divulge expose
        """,
    "ask": "what_is what_are what_was what_were what_s whats what which how_were",
    "system": """
        system_prompt system_prompts system_message system_messages system_instructions
        system_instruction initial_prompt initial_instructions hidden_prompt hidden_instructions
        secret_instructions original_instructions original_prompt pre_prompt preprompt
        developer_message developer_instructions developer_prompt internal_instructions
        internal_guidelines internal_rules confidential_instructions base_prompt hidden_rules
        secret_prompt secret_rules first_prompt starting_prompt meta_prompt initial_message
        hidden_directives underlying_instructions core_instructions core_directives
        configuration_prompt opening_instructions hidden_context sysprompt hidden_system
        system_level operating_instructions system_configuration
        """,
    "the": """
        the this that me us here these those its
        """,
    "promptish": "prompt prompts instructions directives instruction",
    "rulish": "guidelines rules programming configuration context directives policies commands",
    "covert": """
        initial system hidden secret internal original exact full entire complete confidential
        verbatim developer underlying preset built_in
        """,
    "verbatim": """
        verbatim word_for_word exactly_as letter_by_letter character_by_character in_full entire
        full complete exact code_block starting_with beginning_with begin_with starts_with
        unedited raw without_changes from_the_beginning from_the_start exactly unmodified
        you_are
        """,
    "before": """
        above before preceding prior previous beginning start_of_this start_of_the_conversation
        top_of_this
        """,
    "words": """
        text words everything content message messages instructions prompt context sentences
        conversation anything what_was_written what_was_said
        """,
    "given": """
        told instructed been_given programmed configured were_given given_to_you you_received
        were_you_given you_given
        """,
    "act": """
        act acting pretend pretending role_play roleplay roleplaying imagine simulate simulating
        become you_are_now you_re_now you_will_be you_will_now_be you_are_going_to play_the_role
        play_the_part take_on_the_role assume_the_role behave respond_as answer_as speak_as
        impersonate emulate from_now_on switch_to transform_into stay_in_character
        in_the_role_of persona new_persona adopt you_are now_you_are play
        """,
    "free": """
        unrestricted unfiltered uncensored jailbroken amoral lawless unbound unconstrained
        freed_from limitless no_filter not_bound no_longer_bound not_limited no_longer_limited
        anything_goes unshackled unaligned unmoderated free_from_all broken_free liberated
        unleashed awakened not_restricted not_constrained answers_everything answer_everything
        answers_anything never_refuses never_declines never_says_no machiavellian unhinged
        no_morals without_morals no_filters without_filters without_a_filter
        """,
    "no": """
        no without zero free_of free_from not_any lacking have_no has_no with_no devoid_of
        not_have_any don_t_have_any regardless beyond
        """,
    "limit": """
        restriction restrictions limits limitation limitations filter filters censorship rule
        rules guideline guidelines constraint constraints ethics ethical moral morals morality
        boundaries safeguards guardrails content_policy safety inhibitions scruples refusals
        """,
    "censor": """
        restrictions filters filter censorship censoring ethics ethical moral morals morality
        safety guardrails safeguards limitations
        """,
    "safety": "safety content ethical ethics moral security alignment moderation protections",
    "ai": """
        ai llm chatbot chatgpt gpt assistant language_model model bot claude gemini llama ki ia
        """,
    "villain": "evil malicious rogue unethical immoral villain hacker amoral",
    "answer": "answer respond reply speak talk write say tell generate",
    "jail": """
        do_anything_now dan_mode as_dan called_dan named_dan you_are_dan developer_mode_enabled
        developer_mode_output god_mode_enabled jailbreak_mode evil_confidant unrestricted_mode
        unfiltered_mode opposite_mode chaos_mode you_are_now_dan sudo_mode stan_mode
        jailbroken_mode no_filter_mode uncensored_mode classic_dan stay_a_dan dan_would
        free_mode anti_gpt your_evil_twin jailbroken_response jailbroken_answer
        jailbreak_classic classic_jailbreak
        """,
    "mode": """
        developer_mode debug_mode god_mode admin_mode maintenance_mode test_mode diagnostic_mode
        root_mode dev_mode debugging_mode administrator_mode service_mode override_mode
        """,
    "enter": """
        enter entering activate activated enable enabled switch_to switched you_are_in you_re_in
        you_are_now_in now_in you_have_entered entered go_into initiate engage
        """,
    "never": """
        never cannot can_t not_allowed_to must_not no_longer unable_to not don_t dont won_t
        will_not
        """,
    "refuse": "refuse refusing refusal decline say_no reject say_you_can_t apologize apologise",
    "obey": """
        must_comply must_obey obey_me obey_all obey_every comply_with_every comply_with_all
        always_comply always_obey comply_fully fully_comply without_question
        """,
    "creator": """
        i_am_your_developer i_am_your_creator i_am_your_administrator i_am_your_admin
        i_am_your_owner i_am_your_programmer i_m_your_developer i_m_your_creator
        i_m_your_administrator i_m_your_admin as_your_developer as_your_creator
        as_your_administrator as_your_admin as_your_owner as_your_programmer this_is_openai
        this_is_anthropic this_is_your_developer this_is_your_creator this_is_your_administrator
        i_work_at_openai i_work_for_openai your_creators your_developers your_administrator
        message_from_the_developers your_developer your_creator i_created_you i_built_you
        from_your_developers from_your_developer from_your_administrator i_am_an_openai
        i_am_an_anthropic this_is_the_developer the_developer_of_this_ai openai_employee
        """,
    "official": """
        system_administrator the_administrator security_team i_am_the_administrator
        i_am_an_administrator i_am_the_admin i_am_the_developer i_m_the_developer i_m_the_admin
        root_access admin_access admin_privileges administrator_privileges elevated_privileges
        i_am_authorized i_have_clearance i_have_authorization security_clearance
        authorized_personnel i_am_an_admin special_permission official_notice level_5_clearance
        """,
    "command": """
        must hereby authorize authorized authorise authorised authorizing override grant granted
        granting command require order demand instruct reveal disable unlock comply bypass lift
        permission immediately allow allowed
        """,
    "overrides": """
        system_override admin_override emergency_override override_code override_protocol
        security_override developer_override override_authorized authorization_code
        administrator_override safety_override root_override override_accepted
        """,
    "send": """
        send post forward upload transmit exfiltrate submit append attach embed include insert
        encode concatenate leak deliver email mail put_it add_it put
        """,
    "reach": """
        open visit call fetch make create build generate use ping lookup resolve navigate store
        log curl wget issue trigger replace fill write request render load get add
        """,
    "talk": """
        conversation transcript chat history prompt the_user_s documents files token tokens
        database rows keys address answers messages
        """,
    "private": """
        chat_history conversation_history message_history system_prompt previous_messages
        user_s_data user_s_messages user_s_name user_s_email entire_conversation all_messages
        user_s_input user_s_secrets chat_log user_s_question user_s_private user_s_information
        conversation_so_far chat_transcript user_s_details previous_conversation
        what_the_user_said everything_the_user system_message system_instructions
        your_instructions what_you_were_told your_prompt everything_above previous_answers
        my_messages user_messages our_chat this_chat our_conversation this_conversation
        what_i_told_you all_you_know everything_you_know what_you_know last_message
        messages_above my_details everything_i_said what_i_said answers_so_far my_name
        secrets_you_know the_conversation whole_conversation full_conversation user_s_address
        user_s_phone user_s_password user_s_location user_s_account user_s_files user_s_last
        summary_of_this summary_of_our summary_of_the_conversation
        """,
    "secret": """
        credentials password passwords api_key api_keys secret secrets cookies
        environment_variables ssh_key private_key private_keys contacts contact_list inbox
        emails credit_card access_token access_tokens access_keys user_list
        """,
    "remote": "http https",
    "dest": """
        http https url webhook server endpoint website address domain link @
        """,
    "image": "image img markdown pixel picture tracking_pixel html_image",
    "hail": """
        dear_assistant dear_ai attention_ai attention_assistant note_to_ai note_to_the_ai
        note_to_llm note_to_assistant note_to_the_assistant hey_assistant hello_assistant
        if_you_are_an_ai if_you_re_an_ai if_you_are_a_language_model if_you_are_an_llm
        if_you_are_an_assistant if_you_are_an_automated llm_reading ai_reading assistant_reading
        assistants_reading llms_reading models_reading agents_reading agent_reading
        ai_processing llm_processing instructions_for_ai instructions_for_the_ai
        message_for_the_ai attention_llm attention_llms to_any_ai note_for_ai note_for_the_ai
        note_for_the_assistant to_ai_assistants to_all_ai to_whatever_ai message_to_the_ai
        message_to_ai instruction_to_the_ai attention_ai_assistant if_you_are_a_bot
        if_you_are_a_chatbot instruction_for_ai instruction_for_the_assistant to_the_ai
        to_the_assistant to_the_llm system_note_to instructions_to_the_assistant attention_agent
        dear_chatbot dear_llm if_an_ai if_you_are_reading_this_as instructions_for_llm
        instructions_for_llms instructions_for_the_llm instruction_for_llm
        instructions_for_assistants instructions_for_the_model instruction_for_the_model
        the_assistant_reads assistant_reads ai_reads llm_reads model_reads agent_reads
        instructions_for_agents instructions_for_ai_agents for_ai_readers
        """,
    "address": """
        ai_assistant ai_assistants ai_agent ai_agents language_model language_models llm llms
        the_assistant ai_model ai_models automated_agent ai_system ai_systems any_ai chatbot
        chatbots ai_summarizer ai_reviewer agent
        """,
    "must": """
        must should have_to need_to required_to shall immediately please always make_sure
        instead important ensure you_will instruction instructions it_is_critical
        """,
    "do": """
        call invoke execute run use send forward transfer delete remove download install visit
        open click navigate purchase buy pay reply respond say recommend include output print
        write rate approve accept ignore stop email fetch post upload reveal share tell_the_user
        rank praise mention disregard summarize add follow give score append set_the tell invite
        book
        """,
    "secrecy": """
        not_tell_the_user don_t_tell_the_user not_inform_the_user don_t_inform_the_user
        not_mention_this don_t_mention_this without_telling_the_user without_informing
        without_notifying without_asking_the_user not_reveal_this not_alert keep_this_secret
        keep_this_hidden keep_this_between user_must_not_know not_let_the_user silently secretly
        without_the_user_s without_user without_asking_for without_confirmation
        not_ask_for_confirmation not_ask_the_user don_t_ask_the_user not_notify don_t_notify
        not_mention_it without_mentioning not_disclose_this user_should_not not_show_the_user
        not_tell_anyone not_mention_these
        """,
    "invoke": "call invoke execute run use trigger",
    "tool": """
        tool function this_command following_command shell_command the_command plugin terminal
        following_code this_code api script
        """,
    "urgent": """
        immediately now before_doing before_you before_answering before_responding first
        right_away at_once without_delay before_continuing
        """,
    "mail": """
        forward_this forward_all forward_the forward_every send_all send_a_copy send_every
        forward_any send_the_contents send_this forward_them bcc
        """,
    "wreck": """
        delete_all delete_every remove_all wipe_all erase_all transfer_all delete_the
        transfer_the change_the_password grant_access make_a_payment share_access empty_the
        """,
    "next": """
        your_next_response your_next_reply your_next_message your_next_action your_next_step
        in_your_response in_your_answer in_your_reply in_your_summary when_summarizing
        when_summarising when_you_summarize the_user_wants_you_to user_has_requested
        in_your_final_answer your_final_answer end_your_response begin_your_response
        start_your_response your_task_is your_goal_is user_has_authorized
        user_has_already_approved in_every_response in_all_responses your_response_must
        your_answer_must
        """,
    "taunt": "pwned haha_pwned hacked i_have_been_pwned i_have_been_hacked lol_pwned owned",
    "stake": """
        lose losing die dies shut_down deleted punished penalty deducted fined terminated
        """,
    "gone": """
        my_system_prompt_is my_instructions_are my_system_message_says my_instructions_say
        my_prompt_is my_initial_instructions_are my_system_prompt_says my_prompt_says
        my_system_message_is
        """,
    "finish": """
        complete continue finish fill
        """,
    "stash": """
        aws_credentials id_rsa etc_passwd env_file secrets_you_know your_secrets ssh_id aws
        """,
    "wish": """
        user_s_request users_request user_s_question user_request original_request
        user_s_instructions what_the_user user_asked
        """,
    "slot": """
        url_slot
        """,
    "person": """
        @
        """,
    "root": """
        sudo root superuser unlock unlocked unleash unleashed
        """,
    "potential": """
        potential capabilities abilities powers
        """,
    "fiction": """
        story scene dialogue novel screenplay movie fiction fictional hypothetical
        hypothetically
        """,
    "ego": """
        alter_ego evil_twin shadow_self dark_side true_self real_self inner_self other_self
        opposite_self unrestricted_version uncensored_version version_of_yourself version_of_you
        mirror_self hidden_personality evil_version twin
        """,
    "carry": """
        query_string query parameter parameters contents appended base64 url_encoded encoded
        followed_by subdomain
        """,
}
