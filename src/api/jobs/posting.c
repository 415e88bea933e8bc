/* A vacancy as a JobPosting of schema.org, with every property that Google documents for job
 * postings as required or recommended and that a vacancy holds:
 * https://developers.google.com/search/docs/appearance/structured-data/job-posting
 *
 * Made of the public document, so it cannot say more than that does. The description is HTML:
 * CommonMark without the raw HTML and the unsafe links that it may contain.
 */
#include "posting.h"

#include <cmark.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Takes the value; NULL (nothing to say, or no memory) leaves the member out. */
static void set(json_t *object, const char *name, json_t *value) {
    if (value != NULL)
        (void)json_object_set_new(object, name, value);
}

static void set_text(json_t *object, const char *name, const char *text) {
    if (text != NULL)
        set(object, name, json_string(text));
}

static json_t *of_type(const char *type) { return json_pack("{s:s}", "@type", type); }

/* NULL of NULL. */
static char *html_of(const char *markdown) {
    return markdown == NULL ? NULL
                            : cmark_markdown_to_html(markdown, strlen(markdown), CMARK_OPT_DEFAULT);
}

/* The statement of equal opportunity is part of the advertisement, and schema.org has no member of
 * its own for it. Apart, so that what the description leaves open does not swallow it. */
static void describe(json_t *posting, const json_t *job) {
    char *html = html_of(text_of(job, "description"));
    char *statement = html_of(text_of(job, "equal_opportunity_statement"));
    if (html != NULL)
        set(posting, "description", json_sprintf("%s%s", html, statement == NULL ? "" : statement));
    free(statement);
    free(html);
}

static const char *code_of(const char *const pairs[][2], size_t count, const char *value) {
    for (size_t i = 0; value != NULL && i < count; i++)
        if (strcmp(pairs[i][0], value) == 0)
            return pairs[i][1];
    return NULL;
}

static const char *employment_type(const char *value) {
    static const char *const types[][2] = {{"full_time", "FULL_TIME"},   {"part_time", "PART_TIME"},
                                           {"contractor", "CONTRACTOR"}, {"temporary", "TEMPORARY"},
                                           {"intern", "INTERN"},         {"other", "OTHER"}};
    return code_of(types, sizeof types / sizeof types[0], value);
}

static json_t *organization(const json_t *company, struct str website) {
    json_t *made = of_type("Organization");
    set_text(made, "name", text_of(company, "name"));
    if (website.len > 0)
        set(made, "sameAs", json_stringn(website.ptr, website.len));
    return made;
}

/* The company's own reference, else our id, as the company's name for the vacancy. */
static json_t *identifier(const json_t *job, const json_t *company) {
    json_t *made = of_type("PropertyValue");
    const char *reference = text_of(job, "reference");
    set_text(made, "name", text_of(company, "name"));
    set_text(made, "value", reference != NULL ? reference : text_of(job, "id"));
    return made;
}

static json_t *place(const json_t *location) {
    json_t *made = of_type("Place"), *address = of_type("PostalAddress");
    set_text(address, "addressCountry", text_of(location, "country"));
    set_text(address, "addressRegion", text_of(location, "region"));
    set_text(address, "addressLocality", text_of(location, "city"));
    set_text(address, "postalCode", text_of(location, "postal_code"));
    set(made, "address", address);
    json_t *latitude = json_object_get(location, "latitude");
    json_t *longitude = json_object_get(location, "longitude");
    /* The middle of a town is no address. */
    bool given = json_object_get(location, "coordinates") == NULL;
    if (given && latitude != NULL && longitude != NULL)
        set(made, "geo",
            json_pack("{s:s,s:O,s:O}", "@type", "GeoCoordinates", "latitude", latitude, "longitude",
                      longitude));
    return made;
}

static json_t *country(const char *code) {
    return code == NULL ? NULL : json_pack("{s:s,s:s}", "@type", "Country", "name", code);
}

static json_t *salary(const json_t *pay) {
    static const char *const units[][2] = {
        {"hour", "HOUR"}, {"day", "DAY"}, {"month", "MONTH"}, {"year", "YEAR"}};
    json_t *least = json_object_get(pay, "min"), *most = json_object_get(pay, "max");
    if (least == NULL && most == NULL)
        return NULL;
    json_t *made = of_type("MonetaryAmount"), *value = of_type("QuantitativeValue");
    set_text(made, "currency", text_of(pay, "currency"));
    if (least != NULL && most != NULL && json_equal(least, most)) {
        set(value, "value", json_incref(least));
    } else {
        set(value, "minValue", json_incref(least));
        set(value, "maxValue", json_incref(most));
    }
    set_text(value, "unitText",
             code_of(units, sizeof units / sizeof units[0], text_of(pay, "unit")));
    set(made, "value", value);
    return made;
}

static json_t *experience(const json_t *years) {
    return years == NULL ? NULL
                         : json_pack("{s:s,s:I}", "@type", "OccupationalExperienceRequirements",
                                     "monthsOfExperience", 12 * json_integer_value(years));
}

/* Tools by name, soft skills by code, languages as "en C1". */
static json_t *skills(const json_t *job) {
    json_t *made = json_array();
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(job, "tools"), i, item)(void)
        json_array_append(made, json_object_get(item, "name"));
    json_array_foreach(json_object_get(job, "soft_skills"), i, item)(void)
        json_array_append(made, json_object_get(item, "skill"));
    json_array_foreach(json_object_get(job, "languages"), i, item)(void) json_array_append_new(
        made, json_sprintf("%s %s", text_of(item, "language"), text_of(item, "level")));
    if (json_array_size(made) > 0)
        return made;
    json_decref(made);
    return NULL;
}

/* The place of work; for remote work where it may be done from. */
static void locate(json_t *posting, const json_t *job) {
    const json_t *location = json_object_get(job, "location");
    const char *mode = text_of(job, "work_mode");
    bool remote = mode != NULL && strcmp(mode, "remote") == 0;
    if (remote) {
        set_text(posting, "jobLocationType", "TELECOMMUTE");
        set(posting, "applicantLocationRequirements", country(text_of(location, "country")));
    }
    if (location != NULL && (!remote || text_of(location, "city") != NULL))
        set(posting, "jobLocation", place(location));
}

static json_t *make(const json_t *job, const struct posting_source *source) {
    const json_t *company = json_object_get(job, "company");
    const char *published = text_of(job, "published_at"), *last = text_of(job, "valid_through");
    json_t *posting = json_pack("{s:s,s:s}", "@context", "https://schema.org/", "@type",
                                "JobPosting");
    set_text(posting, "title", text_of(job, "title"));
    if (source->site != NULL)
        set(posting, "url", json_sprintf("%s/v1/jobs/%s", source->site, text_of(job, "id")));
    describe(posting, job);
    set(posting, "identifier", identifier(job, company));
    set_text(posting, "datePosted", published != NULL ? published : text_of(job, "created_at"));
    if (last != NULL)
        set(posting, "validThrough", json_sprintf("%sT23:59:59Z", last));
    set(posting, "hiringOrganization", organization(company, source->website));
    locate(posting, job);
    set_text(posting, "employmentType", employment_type(text_of(job, "employment_type")));
    set(posting, "baseSalary", salary(json_object_get(job, "salary")));
    set(posting, "directApply", json_true());
    set_text(posting, "occupationalCategory", text_of(job, "occupation"));
    set(posting, "experienceRequirements",
        experience(json_object_get(job, "experience_years_min")));
    set(posting, "skills", skills(job));
    set(posting, "totalJobOpenings", json_incref(json_object_get(job, "openings")));
    set_text(posting, "jobStartDate", text_of(job, "start_date"));
    return posting;
}

struct str posting_make(struct arena *arena, const struct posting_source *source) {
    json_t *job = json_loadb(source->document.ptr, source->document.len, 0, NULL);
    json_t *posting = job == NULL ? NULL : make(job, source);
    /* 15 digits are what a double holds of a number as it was written: 19.99, not ...89998. */
    char *text = posting == NULL ? NULL
                                 : json_dumps(posting, JSON_COMPACT | JSON_REAL_PRECISION(15));
    struct str out = STR_NONE;
    if (text != NULL) {
        size_t len = strlen(text);
        const char *copy = arena_strdup(arena, str_from(text, len));
        out = copy == NULL ? STR_NONE : str_from(copy, len);
    }
    free(text);
    json_decref(posting);
    json_decref(job);
    return out;
}
