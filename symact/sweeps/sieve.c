/*
 * The sieve: which values of a function on consecutive binary32 bit patterns are correctly rounded, which are
 * not and by how much, and which it cannot decide. See expansions.py for what a piece promises.
 *
 * Compile it as it is, without -ffast-math: the bounds count one rounding, or none, for each operation.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "symact: the sieve's error bounds hold for IEEE arithmetic only"
#endif

enum { DEGREE = 12, BLOCK = 512 };
/* Written out, because compilers turn a loop of loops into vectors less readily. */
#define STEP(v, x, c) ((v) * (x) + (c))
#define FOURTH(v, x, c) STEP(STEP(STEP(STEP(v, x, (c)[3]), x, (c)[2]), x, (c)[1]), x, (c)[0])
#define HORNER(x, c) FOURTH(FOURTH(FOURTH((c)[DEGREE], x, (c) + 8), x, (c) + 4), x, c)

#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#define NONE 0x7fc00000u

enum { SERIES, NOT_A_NUMBER, FREE, UNKNOWN }; /* what else there is, is weighed by itself */

typedef struct {
    uint32_t first, last;
    int32_t kind, side;
    double centre, scale, coefficients[DEGREE + 1], relative, absolute;
    double divisor; /* where it is not 0 the polynomial is exact, and the function is it over the divisor */
} symact_piece;

typedef struct {
    uint64_t points, misrounded, wrong_nan, wrong_inf, out_of_range, not_monotone;
    uint64_t checksum, mirrored;
    uint64_t undecided; /* how many were wanted in the list, whether they fitted or not */
    uint64_t beyond;    /* how many are wrong by more than `bound`, or NaN or infinite where they may not be */
    double bound;       /* in ulp */
    double worst;       /* in ulp, over the misrounded */
    uint32_t worst_at;
    float previous;     /* the last value, for the order */
    int32_t started, unused;
} symact_tally;

static uint32_t bits_of(float x)
{
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static float float_of(uint32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* The exponent of the spacing of binary32 at v. */
static int spacing(double v)
{
    int e;
    if (v == 0.0) {
        return -149;
    }
    (void)frexp(v, &e);
    return e - 24 < -149 ? -149 : e - 24;
}

static void escalate(uint32_t pattern, symact_tally *t, uint32_t *list, size_t room)
{
    if (t->undecided < room) {
        list[t->undecided] = pattern;
    }
    t->undecided++;
}

/* Of two neighbours the one that numerator/divisor rounds to: beyond their middle, or even on it. */
static float nearer(float low, float high, double numerator, double divisor)
{
    double middle = ((double)low + (double)high) / 2, rest = fma(-divisor, middle, numerator) * divisor;
    return rest > 0 ? high : rest < 0 ? low : (float)middle;
}

static void classify(uint32_t pattern, float got, double v, float low, float high, symact_tally *t,
                     uint32_t *list, size_t room)
{
    if (!(low == high)) {
        escalate(pattern, t, list, room);
        return;
    }
    if (got == low) {
        return;
    }
    if (got != got) {
        t->wrong_nan++;
        t->beyond++;
        return;
    }
    t->misrounded++;
    double size = fabs(v), value = (double)got;
    if (isinf(got) && size < 0x1p+128 && size > 0x1.fffffep+127 && (got > 0) == (v > 0)) {
        value = got > 0 ? 0x1p+128 : -0x1p+128;
    } else if (isinf(got) || size >= 0x1p+128) {
        t->wrong_inf++;
        t->beyond++;
        return;
    }
    double error = ldexp(fabs(value - v), -spacing(v));
    t->beyond += error > t->bound;
    if (error > t->worst) {
        t->worst = error;
        t->worst_at = pattern;
    }
}

static void series(const symact_piece *p, uint32_t first, size_t n, const float *got, symact_tally *t,
                   uint32_t *list, size_t room)
{
    double value[BLOCK], numerator[BLOCK];
    float low[BLOCK], high[BLOCK];
    const double *c = p->coefficients;
    const double centre = p->centre, scale = p->scale, relative = p->relative, absolute = p->absolute;
    for (size_t start = 0; start < n; start += BLOCK) {
        size_t count = n - start < BLOCK ? n - start : BLOCK;
        uint32_t base = first + (uint32_t)start;
        const float *g = got + start;
        int unequal = 0;
        for (size_t i = 0; i < count; i++) {
            double x = ((double)float_of(base + (uint32_t)i) - centre) * scale;
            numerator[i] = value[i] = HORNER(x, c);
        }
        if (p->divisor != 0) {
            for (size_t i = 0; i < count; i++) {
                value[i] = numerator[i] / p->divisor;
            }
        }
        for (size_t i = 0; i < count; i++) {
            double v = value[i];
            double half = relative * fabs(v) + absolute;
            double below = v - half, above = v + half;
            low[i] = (float)below;
            high[i] = (float)above;
        }
        if (p->side) { /* strictly on one side of v, which may be half-way between two floats */
            for (size_t i = 0; i < count; i++) {
                double v = value[i], half = relative * fabs(v) + absolute;
                if (p->side > 0) {
                    double next = nextafter(v, INFINITY);
                    low[i] = (float)next;
                    high[i] = (float)fmax(v + half, next);
                } else {
                    double next = nextafter(v, -INFINITY);
                    low[i] = (float)fmin(v - half, next);
                    high[i] = (float)next;
                }
            }
        }
        for (size_t i = 0; i < count; i++) {
            unequal += (low[i] == high[i] ? 0 : 1) + (g[i] == low[i] ? 0 : 1);
        }
        if (unequal) {
            for (size_t i = 0; i < count; i++) {
                if (p->divisor != 0 && low[i] != high[i] && isfinite(low[i]) && isfinite(high[i])) {
                    low[i] = high[i] = nearer(low[i], high[i], numerator[i], p->divisor);
                }
                classify(base + (uint32_t)i, g[i], value[i], low[i], high[i], t, list, room);
            }
        }
    }
}

static void not_numbers(size_t n, const float *got, symact_tally *t)
{
    uint64_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        wrong += got[i] == got[i];
    }
    t->wrong_nan += wrong;
    t->beyond += wrong;
}

/* Judges n values that are within `half` of `value`. */
void symact_weigh(uint32_t first, size_t n, const float *got, const double *value, const double *half,
                  symact_tally *t, uint32_t *list, size_t room)
{
    for (size_t i = 0; i < n; i++) {
        double slack = half[i] + 0x1p-51 * fabs(value[i]);
        float low = (float)(value[i] - slack), high = (float)(value[i] + slack);
        classify(first + (uint32_t)i, got[i], value[i], low, high, t, list, room);
    }
}

/* Returns the checksum of values; every NaN is one and the same. */
uint64_t symact_checksum(uint32_t first, size_t n, const float *got)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t b = bits_of(got[i]), pattern = first + (uint32_t)i;
        uint32_t value = (b & ~SIGN) > INFINITE ? NONE : b;
        /* times 2 pattern + 1, written so that 32 bits are multiplied by 32 */
        sum += (((uint64_t)value * (uint64_t)pattern) << 1) + value;
    }
    return sum;
}

/* Adds to the sums, and counts what is out of range; every NaN is one and the same. */
static void account(uint32_t first, size_t n, const float *got, float lowest, float highest, uint32_t flip,
                    symact_tally *t)
{
    uint64_t mirrored = 0;
    int32_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t b = bits_of(got[i]), pattern = first + (uint32_t)i, size = b & ~SIGN;
        uint32_t other = size == 0 ? 0 : size > INFINITE ? NONE : b ^ flip;
        mirrored += (((uint64_t)other * (uint64_t)(pattern & ~SIGN)) << 1) + other;
    }
    for (size_t i = 0; i < n; i++) {
        outside += (got[i] < lowest ? 1 : 0) + (got[i] > highest ? 1 : 0);
    }
    t->checksum += symact_checksum(first, n, got);
    t->mirrored += mirrored;
    t->out_of_range += (uint64_t)outside;
}

/* Returns how often values fall (direction 1) or rise (-1) from one to the next. */
static uint64_t turned(size_t n, const float *got, int direction, float before)
{
    uint64_t count = direction > 0 ? got[0] < before : got[0] > before;
    for (size_t start = 1; start < n; start += BLOCK) {
        const float *g = got + start;
        size_t size = n - start < BLOCK ? n - start : BLOCK;
        int32_t found = 0;
        if (direction > 0) {
            for (size_t i = 0; i < size; i++) {
                found += g[i] < got[start + i - 1] ? 1 : 0;
            }
        } else {
            for (size_t i = 0; i < size; i++) {
                found += g[i] > got[start + i - 1] ? 1 : 0;
            }
        }
        count += (uint64_t)found;
    }
    return count;
}

/*
 * Judges n values, of the patterns from first on. Pieces lie in order and cover them. The order is checked in
 * the direction of the patterns: `direction` 1 where values may not fall from one to the next, -1 where they
 * may not rise, 0 where either may be. `list` has room for so many patterns that are undecided.
 *
 * Two sums tell values apart, bit by bit: `checksum` with the pattern, `mirrored` with the pattern but its sign,
 * of the values with their signs changed where `flip`: an odd function has the same on both sides of 0.
 */
void symact_sieve(uint32_t first, size_t n, const float *got, const symact_piece *pieces, size_t count,
                  int direction, float lowest, float highest, int flip, symact_tally *t, uint32_t *list,
                  size_t room)
{
    uint64_t last = (uint64_t)first + n - 1;
    for (size_t k = 0; k < count; k++) {
        const symact_piece *p = &pieces[k];
        uint64_t a = p->first > first ? p->first : first, b = p->last < last ? p->last : last;
        if (a > b) {
            continue;
        }
        const float *g = got + (a - first);
        size_t m = (size_t)(b - a + 1);
        if (p->kind == SERIES) {
            series(p, (uint32_t)a, m, g, t, list, room);
        } else if (p->kind == NOT_A_NUMBER) {
            not_numbers(m, g, t);
        } else if (p->kind == UNKNOWN) {
            for (size_t i = 0; i < m; i++) {
                escalate((uint32_t)(a + i), t, list, room);
            }
        }
    }
    for (size_t start = 0; start < n; start += BLOCK) {
        account(first + (uint32_t)start, n - start < BLOCK ? n - start : BLOCK, got + start, lowest, highest,
                flip ? SIGN : 0, t);
    }
    t->points += n;
    if (direction) {
        t->not_monotone += turned(n, got, direction, t->started ? t->previous : got[0]);
        t->previous = got[n - 1];
        t->started = 1;
    }
}
