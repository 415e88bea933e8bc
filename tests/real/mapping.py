"""Turns vacancies as two job sites publish them into those of the API: the script that a company would write once to bring
its own over. Nothing is invented: what the source does not say is left out, and what has no place in a field stays in the
text.
"""

import html
import re

CURRENCIES = {"£": "GBP", "$": "USD", "€": "EUR", "‚¬": "EUR"}  # the last: a euro sign that lost a byte on its way
CURRENCY_OF = {"US": "USD", "GB": "GBP", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "IN": "INR", "SG": "SGD", "HK": "HKD",
               "ZA": "ZAR", "AE": "AED", "CH": "CHF", "PL": "PLN", "IL": "ILS", "PH": "PHP", "EG": "EGP", "MY": "MYR",
               "QA": "QAR", "BH": "BHD", "JP": "JPY", "CN": "CNY", "BR": "BRL", "MX": "MXN", "RU": "RUB", "SE": "SEK", "DK": "DKK"}
EURO = {"AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "SI", "SK"}
UNITS = {"hour": "hour", "hr": "hour", "day": "day", "month": "month", "annum": "year", "year": "year"}

# The first pattern that a title has wins.
ROLES = [
    ("chief_of_staff", r"chief of staff"),
    ("medical_secretary", r"medical (secretary|administrator|pa\b|receptionist)"),
    ("legal_secretary", r"(legal|patent|conveyancing|litigation|property|law\b).*(secretary|\bpa\b|assistant|administrator)|"
                        r"(secretary|\bpa\b).*\blegal|paralegal"),
    ("virtual_assistant", r"virtual assistant"),
    ("executive_assistant", r"executive (administrative )?(assistant|pa\b|secretary)|\bea\b|\bpa to\b.*(ceo|md|director)"),
    ("personal_assistant", r"personal assistant|\bpa\b"),
    ("office_manager", r"office (manager|management|supervisor)|practice manager"),
    ("team_assistant", r"team (assistant|secretary|administrator|coordinator)"),
    ("management_assistant", r"management assistant|assistant to the"),
    ("receptionist", r"reception|front of house|front desk|concierge"),
    ("secretary", r"secretar"),
    ("administrative_assistant", r"admin|\bassistant\b"),
    ("office_clerk", r"clerk|data entry|office (junior|assistant)|typist"),
]


LANGUAGES = {"Dutch": "nl", "English": "en", "French": "fr", "German": "de", "Italian": "it", "Japanese": "ja", "Mandarin": "zh",
             "Spanish": "es"}


def languages_of(title):
    """"German Speaking Receptionist": who is looked for speaks it fluently, which is C1 on the scale of the Council of Europe."""
    if not re.search(r"\b(speaking|speaker|bilingual|fluen)", title, re.IGNORECASE):
        return None
    return [{"language": code, "level": "C1", "importance": "must"} for name, code in LANGUAGES.items()
            if re.search(rf"\b{name}\b", title, re.IGNORECASE)]


def role_of(title):
    for role, pattern in ROLES:
        if re.search(pattern, title, re.IGNORECASE):
            return role
    return "other"


def amount(text):
    return float(text.replace(",", ""))


def pay(text):
    """"£9.50 - £10.50 per hour" -> a salary; None if no amount is named."""
    found = re.search(
        r"(?P<currency>£|\$|€|‚¬)\s*(?P<low>[\d,]+(?:\.\d+)?)(?:\s*(?:-|to)\s*(?:£|\$|€|‚¬)?\s*(?P<high>[\d,]+(?:\.\d+)?))?"
        r"\s*(?:per|an?|/)\s*(?P<unit>hour|hr|day|month|annum|year)", text)
    if found is None:
        return None
    low, high = amount(found["low"]), amount(found["high"] or found["low"])
    salary = {"currency": CURRENCIES[found["currency"]], "unit": UNITS[found["unit"]]}
    if re.match(r"\s*up to", text, re.IGNORECASE):
        return {**salary, "max": high}
    return {**salary, "min": min(low, high), "max": max(low, high)}


def pay_range(text, country):
    """"30000-40000", without currency or unit: a year's, or a month's where it could not be a year's. "0-0" says nothing,
    "0-34300" only the most."""
    found = re.fullmatch(r"(\d+)-(\d+)", text.strip())
    if found is None or int(found[2]) == 0:
        return None
    low, high = sorted((int(found[1]), int(found[2])))
    currency = "EUR" if country in EURO else CURRENCY_OF.get(country)
    if currency is None:
        return None
    salary = {"currency": currency, "unit": "year" if high > 5000 else "month", "max": high}
    return {**salary, "min": low} if low > 0 else salary


def markdown(text):
    """HTML as plain Markdown. Lists and paragraphs stay; other tags go; run-on headings ("... VPN.Requirements: ...") get
    a line of their own."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>", "", text)
    text = re.sub(r"(?i)<li\b[^>]*>", "\n- ", text)
    text = re.sub(r"(?i)<(br|/p|/div|/li|/ul|/ol|/h[1-6])\b[^>]*>", "\n", text)
    text = re.sub(r"<[a-zA-Z/!][^>]*>", "", text)
    text = html.unescape(html.unescape(text)).replace("\u00a0", " ")
    text = re.sub(r"(?<=[.;!?a-z])(?=[A-Z][A-Za-z ]{3,40}:(?!//))", "\n\n", text)
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def title_of(text):
    """Without entities and double spaces; capitals only are put in title case."""
    text = re.sub(r"&#?\d+;", "", text)
    text = re.sub(r"\s+", " ", html.unescape(text)).strip()
    return text.title() if text.isupper() and len(text) > 12 else text


def filled(**members):
    return {name: value for name, value in members.items() if value not in (None, "", {}, [])}


def british(ad, number):
    """An ad of the British site: category, city, state, job_title, job_type, salary_offered; no text, no id."""
    title = title_of(ad["job_title"])
    city, county = ad["city"].strip(), ad["state"].strip()
    kind, _, hours = ad["job_type"].partition(",")
    country = "MT" if county == "Malta" else "GB"
    if county in ("Rest of the World", "Other"):  # of towns whose county was not known; pay in pounds says the country
        county, country = "", "GB" if "£" in ad["salary_offered"] else None
    where = ", ".join(filter(None, (city, county if county != city else "")))
    return filled(
        reference=f"uk-{number:04d}", title=title, role=role_of(title), language="en", status="published",
        description=f"{title}, {where}.\n\n- {ad['category'].strip()}\n- {ad['job_type'].strip()}\n"
                    f"- {ad['salary_offered'].strip()}",
        contract={"Permanent": "permanent", "Contract": "fixed_term", "Temporary": "fixed_term"}[kind.strip()],
        employment_type="temporary" if kind.strip() == "Temporary" else
                        "part_time" if hours.strip() == "part-time" else "full_time",
        location=filled(country=country, region=county, city=city) if country else None,
        languages=languages_of(title), salary=pay(ad["salary_offered"]))


def full_text(ad, number):
    """An ad of the site with full texts; its own id is the reference."""
    del number
    title = title_of(ad["title"])
    country, region, city = ([part.strip() for part in ad["location"].split(",", 2)] + ["", ""])[:3]
    texts = [("", ad["description"]), ("Requirements", ad["requirements"]), ("Benefits", ad["benefits"]),
             ("The company", ad["company_profile"])]
    sections = [f"## {heading}\n\n{markdown(text)}" if heading else markdown(text) for heading, text in texts if text.strip()]
    return filled(
        reference=f"ft-{ad['job_id']}", title=title, role=role_of(title), language="en", status="published",
        description="\n\n".join(sections),
        employment_type={"Full-time": "full_time", "Part-time": "part_time", "Contract": "contractor",
                         "Temporary": "temporary", "Other": "other"}.get(ad["employment_type"]),
        work_mode="remote" if ad["telecommuting"] == "1" else None,
        location=filled(country=country, region=region, city=city) if country else None,
        salary=pay_range(ad["salary_range"], country))
