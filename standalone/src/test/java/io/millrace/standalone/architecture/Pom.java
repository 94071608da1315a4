package io.millrace.standalone.architecture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** What a module's pom.xml says of its dependencies. */
record Pom(String module, List<Dependency> dependencies) {

    /** @param test whether its scope, given there or managed by the parent, is test */
    record Dependency(String group, String artifact, boolean test) {
        boolean ours() {
            return group.equals("io.millrace");
        }
    }

    static Pom read(Path root, String module) throws Exception {
        Element project = parse(root.resolve(module).resolve("pom.xml"));
        List<Dependency> dependencies = new ArrayList<>();
        for (Element dependency : children(child(project, "dependencies"))) {
            String artifact = text(dependency, "artifactId");
            boolean test = text(dependency, "scope").equals("test")
                    || artifact.equals("testkit")
                    || text(dependency, "type").equals("test-jar");
            dependencies.add(new Dependency(text(dependency, "groupId"), artifact, test));
        }
        return new Pom(module, dependencies);
    }

    static List<String> modules(Path root) throws Exception {
        return children(child(parse(root.resolve("pom.xml")), "modules")).stream()
                .map(e -> e.getTextContent().strip())
                .toList();
    }

    private static Element parse(Path pom) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(pom.toFile())
                .getDocumentElement();
    }

    private static Element child(Element parent, String name) {
        return children(parent).stream()
                .filter(e -> e.getTagName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(parent.getTagName() + " has no " + name));
    }

    private static List<Element> children(Element parent) {
        List<Element> elements = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                elements.add(element);
            }
        }
        return elements;
    }

    private static String text(Element parent, String name) {
        return children(parent).stream()
                .filter(e -> e.getTagName().equals(name))
                .map(e -> e.getTextContent().strip())
                .findFirst()
                .orElse("");
    }
}
