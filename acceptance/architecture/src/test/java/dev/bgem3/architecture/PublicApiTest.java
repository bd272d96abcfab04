package dev.bgem3.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Compares the public API of the libraries with the lists in {@code MODULE/api.txt}, so that a change of the
 * API shows in their diff. {@code -Dbgem3.api.write} rewrites the lists.
 */
class PublicApiTest {
    private static final boolean WRITE = System.getProperty("bgem3.api.write") != null;

    private static final List<String> LIBRARIES = List.of("tokenizer", "core");
    private static final Pattern INCLUDE = Pattern.compile("<include>(dev\\.bgem3[a-z0-9.]*)</include>");

    @ParameterizedTest
    @FieldSource("LIBRARIES")
    void matchesItsList(String module) throws IOException {
        Path list = Modules.ROOT.resolve(module).resolve("api.txt");
        String api = PublicApi.of(module);
        if (WRITE) {
            Files.writeString(list, api);
        }
        assertThat(api).as("""
                the public API of %s (if the change is meant, rewrite its list and commit it: \
                mvn -pl acceptance/architecture -am -Dtest=PublicApiTest \
                -Dsurefire.failIfNoSpecifiedTests=false -Dbgem3.api.write test)""", module)
                .isEqualTo(Files.readString(list));
    }

    @Test
    void isCompletelyComparedWithTheLastRelease() throws IOException {
        String pom = Files.readString(Modules.ROOT.resolve("pom.xml"));
        List<String> exported = new ArrayList<>();
        for (String module : LIBRARIES) {
            exported.addAll(PublicApi.exportedPackages(module));
        }
        assertThat(INCLUDE.matcher(pom).results().map(match -> match.group(1)))
                .as("packages that japicmp compares (pom.xml, profile compatibility)")
                .containsExactlyInAnyOrderElementsOf(exported);
    }
}
