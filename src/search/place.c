/* Radius and distance. A segment keeps each different place once, sorted by latitude: a radius
 * looks at the places of its band, few even where vacancies are many.
 */
#include <math.h>

#include "run.h"

#define EARTH_RADIUS_M 6371008.8
#define RADIANS (3.14159265358979323846 / 180)

int64_t search_distance_m(double latitude1, double longitude1, double latitude2,
                          double longitude2) {
    double across = sin((latitude2 - latitude1) * RADIANS / 2);
    double along = sin((longitude2 - longitude1) * RADIANS / 2);
    double h = across * across +
               cos(latitude1 * RADIANS) * cos(latitude2 * RADIANS) * along * along;
    return llround(2 * EARTH_RADIUS_M * asin(sqrt(h < 1 ? h : 1)));
}

/* How far east or west a place within the radius may lie, in degrees; 180 near a pole. */
static double widest(double latitude, double angle) {
    if (fabs(latitude) * RADIANS + angle >= 89.9 * RADIANS)
        return 180;
    return asin(sin(angle) / cos(latitude * RADIANS)) / RADIANS + 1e-6;
}

enum status place_filter(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct search_query *query = run->query;
    const struct values *values = &segment->values[VALUE_PLACE];
    double latitude = query->place.latitude, longitude = query->place.longitude;
    double angle = ((double)query->place.radius_m + 1) / EARTH_RADIUS_M;
    double band = angle / RADIANS + 1e-6, wide = widest(latitude, angle);
    uint8_t key[PLACE_KEY_LEN];
    place_key_write(latitude - band, -181, key);
    uint32_t from = values_lower(values, str_from((const char *)key, sizeof key));
    for (uint32_t i = from; i < values->count && segment->places[i][0] <= latitude + band; i++) {
        double off = fabs(segment->places[i][1] - longitude);
        if ((off > 180 ? 360 - off : off) > wide)
            continue;
        if (search_distance_m(latitude, longitude, segment->places[i][0], segment->places[i][1]) <=
            query->place.radius_m)
            list_or(segment, values->lists[i], out);
    }
    return STATUS_OK;
}

int64_t place_distance(const struct run *run, const struct view *view, uint32_t doc) {
    const struct search_segment *segment = view->segment;
    const struct values *values = &segment->values[VALUE_PLACE];
    uint32_t place = values->narrow != NULL ? values->narrow[doc] : values->wide[doc];
    if (place == 0)
        return SEARCH_KEY_NO_PLACE;
    place--;
    if (view->distances[place] < 0)
        view->distances[place] = (int32_t)search_distance_m(
            run->query->place.latitude, run->query->place.longitude, segment->places[place][0],
            segment->places[place][1]);
    return view->distances[place];
}
