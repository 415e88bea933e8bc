-- What else people call the roles. English: labels of the roles' occupations in ESCO 1.1.1 (see NOTICE), without those that
-- are another role here, and some common ones; Italian: the forms that vacancies and queries have.
insert into role_labels (role, lang, label)
select role, lang, label from (values
    ('executive_assistant', 'en',
        'executive assistant|personal executive assistant|senior administrative secretary|'
        'executive secretary|executive administrative assistant|personal assistant|multilingual secretary|'
        'foreign language assistant|foreign language correspondent executive assistant|EA|executive PA|'
        'assistant to the CEO|assistant to the managing director|director''s assistant'),
    ('executive_assistant', 'it',
        'segretaria di direzione|segretario di direzione|segretarie di direzione|segretari di direzione|'
        'assistenti di direzione|assistente della direzione generale|assistente dell''amministratore delegato|'
        'assistente CEO|assistente esecutiva|assistente esecutivo|segretaria esecutiva|'
        'assistente di presidenza|segretaria di presidenza|assistente del direttore'),
    ('personal_assistant', 'en', 'PA|private assistant|personal secretary|private secretary|executive PA'),
    ('personal_assistant', 'it',
        'assistente personale|assistenti personali|segretaria personale|segretario personale|'
        'segretaria particolare|segretario particolare'),
    ('management_assistant', 'en', 'management assistant|office assistant|project assistant|management aide'),
    ('management_assistant', 'it',
        'assistente di management|assistente alla direzione|assistente del management|'
        'assistente dei dirigenti|segretaria di direzione|segretario di direzione'),
    ('administrative_assistant', 'en',
        'administrative office assistant|administrative office worker|clerical assistant|'
        'office administrator|administrator|admin assistant|administrative secretary|back office assistant'),
    ('administrative_assistant', 'it',
        'assistente amministrativa|assistente amministrativo|assistenti amministrative|'
        'assistenti amministrativi|segretaria amministrativa|segretario amministrativo|'
        'impiegata amministrativa|impiegato amministrativo|addetta amministrativa|addetto amministrativo|'
        'back office'),
    ('team_assistant', 'en',
        'team secretary|team administrator|team coordinator|departmental assistant|group assistant'),
    ('team_assistant', 'it',
        'assistente di team|assistente di gruppo|assistente di reparto|segretaria di reparto|'
        'segretaria di area'),
    ('office_manager', 'en',
        'office manager|administrative supervisor|administrative manager|office coordinator|'
        'general office administrator|office supervisor|administrative services manager|practice manager|'
        'office administrator'),
    ('office_manager', 'it',
        'responsabile d''ufficio|responsabile ufficio|responsabile di segreteria|responsabile segreteria|'
        'capoufficio|capo ufficio|coordinatrice di segreteria|coordinatore di segreteria'),
    ('legal_secretary', 'en',
        'legal administrative assistant|paralegal assistant|certified legal assistant|litigation secretary|'
        'litigation legal assistant|legal executive secretary|certified legal secretary specialist|'
        'legal secretary|certified legal secretary|collection legal assistant|legal administrative secretary|'
        'law firm secretary|law firm assistant'),
    ('legal_secretary', 'it',
        'segretaria legale|segretario legale|segretarie legali|segretari legali|segretaria di studio legale|'
        'segretario di studio legale|segretaria studio legale|assistente legale|assistente di studio legale|'
        'segreteria legale|segretaria studio notarile|segretaria di studio notarile'),
    ('medical_secretary', 'en',
        'medical administrative assistant|health services administrative assistant|'
        'medical institution administrative assistant|PA|medical institution personal assistant|'
        'secretary in medical institution|healthcare secretary|medical PA|medical receptionist|'
        'administrative assistant in medical institution|medical practice secretary'),
    ('medical_secretary', 'it',
        'segretaria medica|segretario medico|segretarie mediche|segretaria di studio medico|'
        'segretaria studio medico|segretario di studio medico|segretaria di studio dentistico|'
        'assistente di studio medico|segreteria medica|segreteria sanitaria'),
    ('secretary', 'en',
        'secretarial assistant|executive secretary|school secretary|typist|office worker|private secretary|'
        'corporate secretary|front office secretary|head secretary|office administrative assistant|'
        'front office clerk|secretaries'),
    ('secretary', 'it',
        'segretaria|segretario|segretarie|segretari|segreteria|addetta alla segreteria|'
        'addetto alla segreteria|addetti alla segreteria|impiegata di segreteria|impiegato di segreteria'),
    ('office_clerk', 'en', 'correspondence clerk|clerical assistant|clerk|data entry clerk|back office|office junior'),
    ('office_clerk', 'it',
        'impiegata d''ufficio|impiegato d''ufficio|impiegate d''ufficio|impiegati d''ufficio|impiegata|impiegato|'
        'addetta all''ufficio|addetta inserimento dati|addetto inserimento dati|data entry'),
    ('receptionist', 'en',
        'office receptionist|front desk receptionist|head receptionist|front desk agent|'
        'corporate receptionist|front office|front of house|front desk|switchboard operator|telephonist'),
    ('receptionist', 'it',
        'addetta alla reception|addetto alla reception|addetti alla reception|addetta al ricevimento|'
        'addetto al ricevimento|centralinista|addetta all''accoglienza|addetto all''accoglienza|portineria|'
        'front office'),
    ('virtual_assistant', 'en', 'VA|remote assistant|online assistant|freelance assistant'),
    ('virtual_assistant', 'it',
        'assistente virtuale|assistenti virtuali|assistente a distanza|assistente da remoto|'
        'segretaria virtuale|segretaria a distanza'),
    ('chief_of_staff', 'en', 'CoS|head of the CEO''s office'),
    ('chief_of_staff', 'it', 'capo di gabinetto|capo dello staff|responsabile dello staff')
) as l (role, lang, labels), unnest(string_to_array(labels, '|')) as label;
