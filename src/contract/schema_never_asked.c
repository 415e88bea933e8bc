/* Names of members that no body of this API has and none will: what must not decide about a person.
 * An unknown field of such a name is told of as that, and not as a misspelling.
 */
#include "schema_internal.h"

/* Small letters only; migrations/0142_profile.sql has the same list for what PostgreSQL looks at.
 */
static const char *const names[] = {"birthdate",
                                    "birthday",
                                    "birthplace",
                                    "birthyear",
                                    "dateofbirth",
                                    "dob",
                                    "placeofbirth",
                                    "yearofbirth",
                                    "age",
                                    "photo",
                                    "photograph",
                                    "picture",
                                    "image",
                                    "avatar",
                                    "portrait",
                                    "nationality",
                                    "citizenship",
                                    "ethnicity",
                                    "race",
                                    "religion",
                                    "gender",
                                    "sex",
                                    "maritalstatus",
                                    "civilstatus",
                                    "familystatus",
                                    "children",
                                    "pregnancy",
                                    "disability",
                                    "payhistory",
                                    "salaryhistory",
                                    "currentpay",
                                    "currentsalary",
                                    "lastpay",
                                    "lastsalary",
                                    "previouspay",
                                    "previoussalary",
                                    "ral",
                                    "datadinascita",
                                    "luogodinascita",
                                    "eta",
                                    "foto",
                                    "fotografia",
                                    "nazionalita",
                                    "cittadinanza",
                                    "sesso",
                                    "genere",
                                    "statocivile",
                                    "figli",
                                    "gravidanza",
                                    "retribuzioneattuale",
                                    "stipendioattuale"};

/* Longer than any of the names. */
#define NAME_MAX_LETTERS 32

bool schema_never_asked(struct str name) {
    char folded[NAME_MAX_LETTERS + 1];
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if (c < 'a' || c > 'z') {
            continue; /* birth_date, birthDate and "birth date" are one */
        }
        if (len == NAME_MAX_LETTERS) {
            return false;
        }
        folded[len++] = c;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(str_from(folded, len), str_of(names[i]))) {
            return true;
        }
    }
    return false;
}
