package dev.bgem3.app.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

/** The published figures are consistent with each other, so none was copied wrong. */
class PublishedTest {
    @Test
    void weightedScoresFollowFromTheOthers() {
        for (int pair = 0; pair < Published.PAIRS.size(); pair++) {
            double dense = score("dense", pair);
            double sparse = score("sparse", pair);
            double colbert = score("colbert", pair);
            assertThat(score("sparse+dense", pair)).isCloseTo((0.4 * dense + 0.2 * sparse) / 0.6,
                    within(1e-6));
            assertThat(score("colbert+sparse+dense", pair)).isCloseTo(
                    0.4 * dense + 0.2 * sparse + 0.4 * colbert,
                    within(1e-6));
        }
    }

    @Test
    void bothPartsOfTheCardGiveTheSameFigures() {
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                assertThat(Double.parseDouble(Published.DENSE[i][j])).isCloseTo(score("dense", 2 * i + j),
                        within(1e-3));
            }
            assertThat(Double.parseDouble(Published.COLBERT[i])).isCloseTo(score("colbert", i), within(2e-4));
        }
        assertThat(Double.parseDouble(Published.LEXICAL_QUERY_PASSAGE)).isCloseTo(score("sparse", 0),
                within(1e-4));
    }

    @Test
    void toleranceOfAZeroHasNoHalfDigit() {
        assertThat(Published.allowed(new BigDecimal("0"))).isEqualTo(0.002);
        assertThat(Published.allowed(new BigDecimal("0.0"))).isEqualTo(0.002);
        assertThat(Published.allowed(new BigDecimal("0.678"))).isCloseTo(0.0025, within(1e-12));
    }

    private static double score(String name, int pair) {
        return Double.parseDouble(Published.SCORES[Published.SCORE_NAMES.indexOf(name)][pair]);
    }
}
