package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Links between pages, and the size of the front page. */
class LinksTest {
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final int MAX_README_LINES = 130;
    private static final int MAX_README_COLUMNS = 160;

    @Test
    void everyLinkLeadsToAFileAndAHeadingThatAreThere() throws IOException {
        List<String> broken = new ArrayList<>();
        List<String> followed = new ArrayList<>();
        DocumentPage.all().forEach(page -> {
            for (MatchResult link : LINK.matcher(page.prose()).results().toList()) {
                String target = link.group(1);
                if (target.startsWith("https://")) {
                    continue;
                }
                followed.add(target);
                String[] parts = target.split("#", 2);
                Path file = parts[0].isEmpty()
                        ? page.file()
                        : page.file().resolveSibling(parts[0]).normalize();
                if (!Files.exists(file)
                        || parts.length == 2 && !DocumentPage.read(file).anchors().contains(parts[1])) {
                    broken.add(page + ": " + target);
                }
            }
        });
        assertThat(followed).hasSizeGreaterThan(50);
        assertThat(broken).isEmpty();
    }

    @Test
    void theIndexNamesEveryPage() throws IOException {
        String index = DocumentPage.read(DocumentPage.ROOT.resolve("docs/README.md")).text();
        DocumentPage.all().map(page -> page.file().getParent().endsWith("docs")
                ? page.file().getFileName().toString()
                : "../" + page)
                .filter(name -> !name.endsWith("README.md"))
                .forEach(name -> assertThat(index).contains("](" + name + ")"));
    }

    @Test
    void theReadmeIsShortAndNarrow() {
        DocumentPage readme = DocumentPage.read(DocumentPage.ROOT.resolve("README.md"));
        assertThat(readme.text().lines().count()).isLessThanOrEqualTo(MAX_README_LINES);
        assertThat(readme.text().lines().filter(line -> !line.startsWith("|"))
                .filter(line -> line.length() > MAX_README_COLUMNS)).isEmpty();
    }
}
