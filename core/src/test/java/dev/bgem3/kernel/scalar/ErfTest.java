package dev.bgem3.kernel.scalar;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErfTest {
    /** Values of mpmath 1.3 with 40 digits ({@code mpmath.erf}), rounded to 17. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1e-300, 1.1283791670955126e-300", "0.1, 0.1124629160182849",
            "0.5, 0.5204998778130465",
            "1, 0.84270079294971487", "1.5, 0.96610514647531073", "2, 0.99532226501895273",
            "2.4999, 0.99959283009966655", "2.5, 0.99959304798255504", "2.5001, 0.99959326575652932",
            "3, 0.99997790950300141",
            "4, 0.99999998458274210", "5.9, 0.99999999999999993", "6, 1", "1e300, 1"})
    void agreesWithMpmath(double x, double expected) {
        assertThat(Erf.erf(x)).isCloseTo(expected, Offset.offset(1e-14 * Math.max(expected, 1e-300)));
        assertThat(Erf.erf(-x)).isEqualTo(-Erf.erf(x));
    }

    @Test
    void keepsNanAndTheLimits() {
        assertThat(Erf.erf(Double.NaN)).isNaN();
        assertThat(Erf.erf(Double.POSITIVE_INFINITY)).isEqualTo(1);
        assertThat(Erf.erf(Double.NEGATIVE_INFINITY)).isEqualTo(-1);
    }
}
