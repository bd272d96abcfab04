package dev.bgem3.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** The project of {@code getting-started.md}: its pom, its program, and the jar that they make. */
class GettingStartedTest {
    private static final DocumentPage PAGE = DocumentPage
            .read(DocumentPage.ROOT.resolve("docs/getting-started.md"));

    @TempDir
    private Path temporary;

    @Test
    void theProgramRunsFromAJarWithTheManifestThatThePomAsksFor() throws Exception {
        try (InstalledProgram program = InstalledProgram.install(temporary)) {
            run(program);
        }
    }

    private void run(InstalledProgram program) throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("search"));
        Path source = folder.resolve("src/main/java/com/example/Search.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, PAGE.code("java program"));
        Path classes = folder.resolve("target/classes");
        InstalledProgram.Result compiled = program.run(folder, Map.of(),
                "javac --release 25 -Werror -cp '" + program.lib() + "/*' -d '" + classes + "' '" + source
                        + "'");
        assertThat(compiled.exitCode()).as("%s", compiled.err()).isZero();
        jar(pom(), classes.resolve("com/example/Search.class"), program.lib(),
                folder.resolve("target/search.jar"));

        InstalledProgram.Result result = program.run(folder, Map.of(),
                "java -jar target/search.jar " + DocumentPage.ROOT + "/models/bge-m3-mini");
        assertThat(result.exitCode()).as("%s", result.err()).isZero();
        assertThat(result.out()).containsExactlyElementsOf(PAGE.code("").lines().toList());
        assertThat(result.err()).noneMatch(line -> line.contains("native"));
    }

    @Test
    void thePomNamesThisVersion() throws Exception {
        Document root = parse(Files.readString(DocumentPage.ROOT.resolve("pom.xml")));
        String version = root.getElementsByTagName("version").item(0).getTextContent();
        assertThat(PAGE.code("xml"))
                .contains("<artifactId>bgem3-core</artifactId>\n      <version>" + version + "</version>");
    }

    private static Document pom() throws Exception {
        return parse(PAGE.code("xml"));
    }

    private static Document parse(String xml) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
    }

    private static String value(Document pom, String element) {
        return pom.getElementsByTagName(element).item(0).getTextContent();
    }

    /** As maven-jar-plugin makes it. */
    private static void jar(Document pom, Path program, Path lib, Path jar) throws Exception {
        Path beside = Files.createSymbolicLink(jar.resolveSibling("lib"), lib);
        assertThat(value(pom, "addClasspath")).isEqualTo("true");
        String prefix = value(pom, "classpathPrefix");
        assertThat(jar.resolveSibling(prefix).normalize()).isEqualTo(beside);
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.put(Attributes.Name.MAIN_CLASS, value(pom, "mainClass"));
        main.put(new Attributes.Name("Enable-Native-Access"), value(pom, "Enable-Native-Access"));
        try (Stream<Path> jars = Files.list(beside)) {
            main.put(Attributes.Name.CLASS_PATH, jars.map(path -> prefix + path.getFileName())
                    .filter(name -> name.endsWith(".jar")).collect(Collectors.joining(" ")));
        }
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file, manifest)) {
            out.putNextEntry(new ZipEntry("com/example/Search.class"));
            Files.copy(program, out);
        }
    }
}
