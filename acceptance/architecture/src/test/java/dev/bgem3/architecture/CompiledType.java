package dev.bgem3.architecture;

import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.lang.reflect.AccessFlag;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A type and its uses of other types, read from a class file.
 *
 * <p>
 * The used types are all those that the constant pool names, in class entries, descriptors and signatures.
 * These are more than the code refers to: javac also adds an entry for the class of an inlined constant,
 * which tools that read only the code do not see.
 *
 * @param name
 *            the full name, with {@code $} before the name of a nested type
 * @param used
 *            the full names of the other types
 * @param isPackagePrivate
 *            whether it is a package-private top-level or member type
 */
record CompiledType(String name, Set<String> used, boolean isPackagePrivate) {
    /** Matches a type in a descriptor or in a signature, where type arguments may follow its name. */
    private static final Pattern IN_DESCRIPTOR = Pattern.compile("L([\\w$]+(?:/[\\w$]+)+)[;<]");

    static CompiledType read(Path file) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        Set<String> used = new TreeSet<>();
        for (PoolEntry entry : model.constantPool()) {
            switch (entry) {
                case ClassEntry type when !type.asInternalName().startsWith("[") ->
                    used.add(fullName(type.asInternalName()));
                case Utf8Entry text -> IN_DESCRIPTOR.matcher(text.stringValue()).results()
                        .map((MatchResult match) -> fullName(match.group(1))).forEach(used::add);
                default -> {
                }
            }
        }
        String name = fullName(model.thisClass().asInternalName());
        used.remove(name);
        return new CompiledType(name, used, isPackagePrivate(model));
    }

    String packageName() {
        return packageOf(name);
    }

    static String packageOf(String type) {
        int end = type.lastIndexOf('.');
        return end < 0 ? "" : type.substring(0, end);
    }

    private static boolean isPackagePrivate(ClassModel model) {
        // This attribute has the flags of a nested type; those of the class file are only "public" or none.
        return model.findAttribute(Attributes.innerClasses()).stream()
                .flatMap(attribute -> attribute.classes().stream())
                .filter(nested -> nested.innerClass().equals(model.thisClass())).findFirst()
                .map(CompiledType::isPackagePrivateMember)
                .orElseGet(() -> !model.flags().has(AccessFlag.PUBLIC));
    }

    /**
     * Returns whether a nested type is a package-private member; anonymous and local classes have no outer
     * class here.
     */
    private static boolean isPackagePrivateMember(InnerClassInfo nested) {
        return nested.outerClass().isPresent() && !nested.has(AccessFlag.PUBLIC)
                && !nested.has(AccessFlag.PROTECTED) && !nested.has(AccessFlag.PRIVATE);
    }

    private static String fullName(String internalName) {
        return internalName.replace('/', '.');
    }
}
