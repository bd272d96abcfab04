package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;

/** Whatever the network does, the model is complete in the end, and no incomplete file has its final name. */
@Timeout(60)
class ChaosPropertyTest extends HubFixture {
    @RepeatedTest(12)
    void completesTheModelOrLeavesNoneBehind(RepetitionInfo info) throws IOException {
        Random random = new Random(info.getCurrentRepetition());
        hub.files.put("model.safetensors", FakeHub.random(1_000_000, 3));
        boolean ranges = random.nextInt(4) > 0;
        hub.withRanges = ranges;
        hub.always(request -> !request.isListing(), (request, wire) -> {
            int chance;
            synchronized (random) {
                chance = random.nextInt(16);
            }
            switch (chance) {
                case 0 -> wire.end();
                case 1 -> wire.head(503).body(new byte[0]);
                case 2 -> wire.head(429, "Retry-After: 0").body(new byte[0]);
                case 3 -> wire.head(request.atHub() ? 500 : 403).body(new byte[0]);
                case 4, 5 -> {
                    wire.breakAfter(chance * 7_000);
                    hub.tellTruth(request, wire);
                }
                default -> hub.tellTruth(request, wire);
            }
        });
        HubLimits patient = limits(Duration.ofSeconds(5), Duration.ofSeconds(2), 12);
        for (int call = 1; call <= 20; call++) {
            try {
                download(request(null), patient);
                break;
            } catch (HubException e) {
                assertThat(e).hasMessageContaining("the same call goes on from there");
                assertThat(snapshot().resolve("config.json")).doesNotExist();
                if (blob("model.safetensors").toFile().exists()) {
                    assertThat(blob("model.safetensors")).hasBinaryContent(large());
                }
            }
        }
        assertWhole(snapshot());
        assertThat(tree(model().resolve("blobs"))).hasSize(3)
                .allMatch(file -> Arrays.asList(40, 64).contains(file.length()));
        if (ranges) {
            // No byte that had arrived was fetched again.
            assertThat(bytes.get()).isEqualTo(1_005_002);
        }
    }
}
