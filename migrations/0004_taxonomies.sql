-- Taxonomies: the controlled vocabularies of vacancies and profiles, with English and Italian labels.
-- Roles carry their ISCO-08 group and ESCO occupation, soft skills their ESCO skill.

create table roles (
    code     text primary key,
    position integer not null unique,
    en       text not null,
    it       text not null,
    isco     text,
    esco     text,
    constraint roles_isco_form check (isco ~ '^[0-9]{4}$')
);
comment on table roles is 'What a vacancy is for.';
comment on column roles.esco is 'ESCO occupation URI: a vacancy''s occupation where it names none.';

create table soft_skills (
    code     text primary key,
    position integer not null unique,
    en       text not null,
    it       text not null,
    esco     text
);
comment on table soft_skills is 'Personal qualities a vacancy may ask for.';

create table tools (
    code     text primary key,
    position integer not null unique,
    name     text not null,
    category text not null
);
comment on table tools is 'Software an assistant works with. A list to suggest from: a vacancy may name others.';

create table languages (
    code     text primary key,
    position integer not null unique,
    en       text not null,
    it       text not null
);
comment on table languages is 'ISO 639-1 languages. A list to suggest from: a vacancy may name any BCP 47 language.';

create table cefr_levels (
    code     text primary key,
    position integer not null unique,
    en       text not null,
    it       text not null
);
comment on table cefr_levels is 'Levels of the Common European Framework of Reference; position orders them.';

create table duties (
    code     text primary key,
    position integer not null unique,
    en       text not null,
    it       text not null
);
comment on table duties is 'What an assistant is asked to do.';

insert into roles (position, code, en, it, isco, esco)
select n, code, en, it, isco, 'http://data.europa.eu/esco/occupation/' || esco
from (values
    (1, 'executive_assistant', 'Executive assistant', 'Assistente di direzione', '3343', '2a04a1df-a3b9-403e-a245-e7f93fdddd44'),
    (2, 'personal_assistant', 'Personal assistant', 'Assistente personale', '3343', '2a04a1df-a3b9-403e-a245-e7f93fdddd44'),
    (3, 'management_assistant', 'Management assistant', 'Assistente di management', '3343', '8cce40c1-4479-47e7-b5fc-c976631d919f'),
    (4, 'administrative_assistant', 'Administrative assistant', 'Assistente amministrativa/o', '3343', '044d78cc-f62f-4532-83a5-8e04f2889652'),
    (5, 'team_assistant', 'Team assistant', 'Team assistant', '3343', '044d78cc-f62f-4532-83a5-8e04f2889652'),
    (6, 'office_manager', 'Office manager', 'Office manager', '3341', '6e6839b6-099c-4802-906e-7f2c8203ee69'),
    (7, 'legal_secretary', 'Legal secretary', 'Segretaria/o legale', '3342', '0264b794-3771-47aa-a675-78bf13b62ee7'),
    (8, 'medical_secretary', 'Medical secretary', 'Segretaria/o medica/o', '3344', '045f05f2-4ff8-46b2-9d08-e12a81657498'),
    (9, 'secretary', 'Secretary', 'Segretaria/o', '4120', '5ac377d2-e1d0-4911-a299-b4ef2782a0ba'),
    (10, 'office_clerk', 'Office clerk', 'Impiegata/o d''ufficio', '4110', '6c999fc7-c6b7-4ef3-a4b9-af124a1783a2'),
    (11, 'receptionist', 'Receptionist', 'Addetta/o alla reception', '4226', 'f7b04542-d8c7-42db-8475-e63b507cce82'),
    (12, 'virtual_assistant', 'Virtual assistant', 'Assistente virtuale', null, null),
    (13, 'chief_of_staff', 'Chief of staff', 'Chief of staff', null, null),
    (14, 'other', 'Other', 'Altro', null, null)
) as r (n, code, en, it, isco, esco);

insert into soft_skills (position, code, en, it, esco)
select n, code, en, it, 'http://data.europa.eu/esco/skill/' || esco
from (values
    (1, 'proactivity', 'Proactivity', 'Proattività', '001115fb-569f-4ee6-8381-c6807ef2527f'),
    (2, 'autonomy', 'Autonomy', 'Autonomia', 'c29aa9d2-4da8-4bdd-831c-8d4a2fb51730'),
    (3, 'reliability', 'Reliability', 'Affidabilità', '199f7919-5114-41b6-b6a5-41e0e4896ec1'),
    (4, 'confidentiality', 'Confidentiality', 'Riservatezza', 'e37d64dc-0f05-4ee8-b065-bf76f70d8f5c'),
    (5, 'analytical_skills', 'Analytical skills', 'Capacità analitiche', '4707da90-9cfc-46ca-8de0-38a0b7bfb137'),
    (6, 'relational_skills', 'Relational skills', 'Capacità relazionali', '77b636e8-fab3-41a8-8022-1e0a354059dc'),
    (7, 'savoir_faire', 'Savoir-faire', 'Savoir-faire', null),
    (8, 'time_management', 'Time management', 'Gestione del tempo', 'd9013e0e-e937-43d5-ab71-0e917ee882b8'),
    (9, 'problem_solving', 'Problem solving', 'Problem solving', 'adc6dc11-3376-467b-96c5-9b0a21edc869'),
    (10, 'flexibility', 'Flexibility', 'Flessibilità', '49de9958-2aa4-4eef-a89d-fe5d5bcd28c4'),
    (11, 'kindness', 'Kindness', 'Gentilezza', null),
    (12, 'assertiveness', 'Assertiveness', 'Assertività', '669b75d8-671c-4a1c-8e0b-6466c513c27d'),
    (13, 'general_culture', 'General culture', 'Cultura generale', 'c10d5d87-36cf-42f5-8a12-e560fb5f4af8')
) as s (n, code, en, it, esco);

insert into duties (position, code, en, it) values
    (1, 'diary', 'Diary management', 'Gestione dell''agenda'),
    (2, 'travel', 'Travel arrangements', 'Organizzazione dei viaggi'),
    (3, 'events', 'Event organisation', 'Organizzazione di eventi'),
    (4, 'expenses', 'Expense reports', 'Note spese'),
    (5, 'board_minutes', 'Board papers and minutes', 'Verbali e documenti del consiglio'),
    (6, 'correspondence', 'Correspondence', 'Corrispondenza'),
    (7, 'translation', 'Translation', 'Traduzioni'),
    (8, 'reception', 'Reception of guests and calls', 'Accoglienza e centralino'),
    (9, 'purchasing', 'Purchasing', 'Acquisti'),
    (10, 'onboarding', 'Onboarding of new colleagues', 'Inserimento dei nuovi colleghi'),
    (11, 'project_support', 'Project support', 'Supporto ai progetti'),
    (12, 'personal_errands', 'Personal errands', 'Commissioni personali'),
    (13, 'social_media', 'Social media', 'Social media'),
    (14, 'accounting_support', 'Accounting support', 'Supporto alla contabilità');

insert into cefr_levels (position, code, en, it) values
    (1, 'A1', 'Beginner', 'Principiante'),
    (2, 'A2', 'Elementary', 'Elementare'),
    (3, 'B1', 'Intermediate', 'Intermedio'),
    (4, 'B2', 'Upper intermediate', 'Intermedio superiore'),
    (5, 'C1', 'Advanced', 'Avanzato'),
    (6, 'C2', 'Proficient', 'Padronanza');

insert into languages (position, code, en, it)
select row_number() over (), code, en, it from (values
    ('it', 'Italian', 'Italiano'), ('en', 'English', 'Inglese'), ('fr', 'French', 'Francese'),
    ('de', 'German', 'Tedesco'), ('es', 'Spanish', 'Spagnolo'), ('pt', 'Portuguese', 'Portoghese'),
    ('ar', 'Arabic', 'Arabo'), ('bg', 'Bulgarian', 'Bulgaro'), ('bn', 'Bengali', 'Bengalese'),
    ('bs', 'Bosnian', 'Bosniaco'), ('ca', 'Catalan', 'Catalano'), ('cs', 'Czech', 'Ceco'),
    ('cy', 'Welsh', 'Gallese'), ('da', 'Danish', 'Danese'), ('el', 'Greek', 'Greco'),
    ('et', 'Estonian', 'Estone'), ('eu', 'Basque', 'Basco'), ('fa', 'Persian', 'Persiano'),
    ('fi', 'Finnish', 'Finlandese'), ('ga', 'Irish', 'Irlandese'), ('gl', 'Galician', 'Galiziano'),
    ('he', 'Hebrew', 'Ebraico'), ('hi', 'Hindi', 'Hindi'), ('hr', 'Croatian', 'Croato'),
    ('hu', 'Hungarian', 'Ungherese'), ('hy', 'Armenian', 'Armeno'), ('id', 'Indonesian', 'Indonesiano'),
    ('is', 'Icelandic', 'Islandese'), ('ja', 'Japanese', 'Giapponese'), ('ka', 'Georgian', 'Georgiano'),
    ('ko', 'Korean', 'Coreano'), ('la', 'Latin', 'Latino'), ('lb', 'Luxembourgish', 'Lussemburghese'),
    ('lt', 'Lithuanian', 'Lituano'), ('lv', 'Latvian', 'Lettone'), ('mk', 'Macedonian', 'Macedone'),
    ('ms', 'Malay', 'Malese'), ('mt', 'Maltese', 'Maltese'), ('nl', 'Dutch', 'Olandese'),
    ('no', 'Norwegian', 'Norvegese'), ('pl', 'Polish', 'Polacco'), ('ro', 'Romanian', 'Rumeno'),
    ('ru', 'Russian', 'Russo'), ('sk', 'Slovak', 'Slovacco'), ('sl', 'Slovene', 'Sloveno'),
    ('sq', 'Albanian', 'Albanese'), ('sr', 'Serbian', 'Serbo'), ('sv', 'Swedish', 'Svedese'),
    ('sw', 'Swahili', 'Swahili'), ('th', 'Thai', 'Thailandese'), ('tl', 'Tagalog', 'Tagalog'),
    ('tr', 'Turkish', 'Turco'), ('uk', 'Ukrainian', 'Ucraino'), ('ur', 'Urdu', 'Urdu'),
    ('vi', 'Vietnamese', 'Vietnamita'), ('zh', 'Chinese', 'Cinese')
) as l (code, en, it);

insert into tools (position, code, name, category)
select row_number() over (), code, name, category from (values
    ('microsoft_outlook', 'Microsoft Outlook', 'mail_and_calendar'), ('gmail', 'Gmail', 'mail_and_calendar'),
    ('google_calendar', 'Google Calendar', 'mail_and_calendar'), ('apple_mail', 'Apple Mail', 'mail_and_calendar'),
    ('calendly', 'Calendly', 'mail_and_calendar'), ('doodle', 'Doodle', 'mail_and_calendar'),
    ('microsoft_365', 'Microsoft 365', 'office_suite'), ('google_workspace', 'Google Workspace', 'office_suite'),
    ('libreoffice', 'LibreOffice', 'office_suite'), ('microsoft_word', 'Microsoft Word', 'documents'),
    ('google_docs', 'Google Docs', 'documents'), ('adobe_acrobat', 'Adobe Acrobat', 'documents'),
    ('docusign', 'DocuSign', 'documents'), ('microsoft_excel', 'Microsoft Excel', 'spreadsheets'),
    ('google_sheets', 'Google Sheets', 'spreadsheets'), ('microsoft_powerpoint', 'Microsoft PowerPoint', 'presentations'),
    ('google_slides', 'Google Slides', 'presentations'), ('keynote', 'Keynote', 'presentations'),
    ('prezi', 'Prezi', 'presentations'), ('canva', 'Canva', 'design'), ('adobe_photoshop', 'Adobe Photoshop', 'design'),
    ('adobe_indesign', 'Adobe InDesign', 'design'), ('figma', 'Figma', 'design'),
    ('microsoft_teams', 'Microsoft Teams', 'meetings'), ('zoom', 'Zoom', 'meetings'),
    ('google_meet', 'Google Meet', 'meetings'), ('webex', 'Webex', 'meetings'), ('slack', 'Slack', 'messaging'),
    ('whatsapp_business', 'WhatsApp Business', 'messaging'), ('microsoft_sharepoint', 'Microsoft SharePoint', 'files'),
    ('onedrive', 'OneDrive', 'files'), ('google_drive', 'Google Drive', 'files'), ('dropbox', 'Dropbox', 'files'),
    ('box', 'Box', 'files'), ('notion', 'Notion', 'projects'), ('trello', 'Trello', 'projects'),
    ('asana', 'Asana', 'projects'), ('monday', 'monday.com', 'projects'), ('jira', 'Jira', 'projects'),
    ('confluence', 'Confluence', 'projects'), ('clickup', 'ClickUp', 'projects'),
    ('microsoft_planner', 'Microsoft Planner', 'projects'), ('microsoft_project', 'Microsoft Project', 'projects'),
    ('todoist', 'Todoist', 'projects'), ('miro', 'Miro', 'projects'), ('microsoft_onenote', 'Microsoft OneNote', 'notes'),
    ('evernote', 'Evernote', 'notes'), ('airtable', 'Airtable', 'data'), ('microsoft_access', 'Microsoft Access', 'data'),
    ('power_bi', 'Power BI', 'data'), ('tableau', 'Tableau', 'data'), ('sap', 'SAP', 'erp_and_accounting'),
    ('sap_concur', 'SAP Concur', 'travel_and_expenses'), ('expensify', 'Expensify', 'travel_and_expenses'),
    ('zucchetti', 'Zucchetti', 'erp_and_accounting'), ('teamsystem', 'TeamSystem', 'erp_and_accounting'),
    ('oracle_erp', 'Oracle ERP', 'erp_and_accounting'), ('as400', 'AS/400', 'erp_and_accounting'),
    ('quickbooks', 'QuickBooks', 'erp_and_accounting'), ('xero', 'Xero', 'erp_and_accounting'),
    ('sage', 'Sage', 'erp_and_accounting'), ('fatture_in_cloud', 'Fatture in Cloud', 'erp_and_accounting'),
    ('amadeus', 'Amadeus', 'travel_and_expenses'), ('travelperk', 'TravelPerk', 'travel_and_expenses'),
    ('egencia', 'Egencia', 'travel_and_expenses'), ('salesforce', 'Salesforce', 'crm'), ('hubspot', 'HubSpot', 'crm'),
    ('zoho', 'Zoho', 'crm'), ('microsoft_dynamics', 'Microsoft Dynamics 365', 'crm'), ('workday', 'Workday', 'people'),
    ('bamboohr', 'BambooHR', 'people'), ('factorial', 'Factorial', 'people'), ('diligent', 'Diligent', 'board'),
    ('mailchimp', 'Mailchimp', 'communication'), ('wordpress', 'WordPress', 'communication'),
    ('linkedin', 'LinkedIn', 'communication'), ('eventbrite', 'Eventbrite', 'communication'),
    ('hootsuite', 'Hootsuite', 'communication'), ('chatgpt', 'ChatGPT', 'ai'),
    ('microsoft_copilot', 'Microsoft Copilot', 'ai'), ('google_gemini', 'Google Gemini', 'ai'),
    ('deepl', 'DeepL', 'ai'), ('zapier', 'Zapier', 'automation'), ('power_automate', 'Power Automate', 'automation'),
    ('clio', 'Clio', 'legal'), ('processo_civile_telematico', 'Processo civile telematico', 'legal'),
    ('digital_dictation', 'Digital dictation', 'legal'), ('switchboard', 'Switchboard', 'reception')
) as t (code, name, category);

create function taxonomy_terms(taxonomy text, lang text) returns json
language plpgsql stable
as $$
begin
    return (
        select case taxonomy
        when 'roles' then (select json_agg(json_build_object('code', code, 'label', case lang when 'it' then it else en end,
            'labels', json_build_object('en', en, 'it', it), 'isco', isco, 'esco', esco) order by position) from roles)
        when 'soft_skills' then (select json_agg(json_build_object('code', code, 'label', case lang when 'it' then it else en end,
            'labels', json_build_object('en', en, 'it', it), 'esco', esco) order by position) from soft_skills)
        when 'duties' then (select json_agg(json_build_object('code', code, 'label', case lang when 'it' then it else en end,
            'labels', json_build_object('en', en, 'it', it)) order by position) from duties)
        when 'cefr_levels' then (select json_agg(json_build_object('code', code, 'label', case lang when 'it' then it else en end,
            'labels', json_build_object('en', en, 'it', it)) order by position) from cefr_levels)
        when 'languages' then (select json_agg(json_build_object('code', code, 'label', case lang when 'it' then it else en end,
            'labels', json_build_object('en', en, 'it', it)) order by position) from languages)
        when 'tools' then (select json_agg(json_build_object('code', code, 'label', name,
            'labels', json_build_object('en', name, 'it', name), 'category', category) order by position) from tools)
        end
    );
end
$$;
comment on function taxonomy_terms(text, text) is 'The terms of a taxonomy in their order; NULL for an unknown one.';
