package dev.bgem3.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lists what a module exports to everybody, as text: one line for each type and, indented below it, one for
 * each member that a caller outside its package can name, in an order that does not depend on the compiler.
 *
 * <p>
 * The list omits what cannot be an API change by itself: names of parameters, values of constants, methods of
 * {@link Object} that a type overrides, and what the compiler adds.
 */
final class PublicApi {
    private PublicApi() {}

    static String of(String module) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String name : exportedPackages(module)) {
            for (Class<?> type : visibleTypes(Modules.classes(module), name)) {
                lines.add(declaration(type));
                members(type).map(member -> "    " + member).sorted().forEach(lines::add);
                lines.add("");
            }
        }
        return String.join("\n", lines);
    }

    /** Returns the packages that a module exports to everybody. */
    static List<String> exportedPackages(String module) throws IOException {
        try (InputStream file = Files.newInputStream(Modules.classes(module).resolve("module-info.class"))) {
            return ModuleDescriptor.read(file).exports().stream().filter(export -> !export.isQualified())
                    .map(ModuleDescriptor.Exports::source).sorted().toList();
        }
    }

    private static List<Class<?>> visibleTypes(Path classes, String packageName) throws IOException {
        try (Stream<Path> files = Files.list(classes.resolve(packageName.replace('.', '/')))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".class") && !file.equals("package-info.class"))
                    .map(file -> packageName + "." + file.substring(0, file.length() - ".class".length()))
                    .map(PublicApi::load).filter(PublicApi::isVisible)
                    .sorted(Comparator.comparing(Class::getName)).collect(Collectors.toList());
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, PublicApi.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(name + ": not on the test's class path", e);
        }
    }

    /** Returns whether a caller outside the package can name the type and all its enclosing types. */
    private static boolean isVisible(Class<?> type) {
        return !type.isAnonymousClass() && !type.isLocalClass() && isVisible(type.getModifiers())
                && (type.getEnclosingClass() == null || isVisible(type.getEnclosingClass()));
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String declaration(Class<?> type) {
        StringBuilder line = new StringBuilder(deprecation(type)).append(type.toGenericString());
        if (type.isRecord()) {
            line.append(Arrays.stream(type.getRecordComponents()).map(PublicApi::component)
                    .collect(Collectors.joining(", ", "(", ")")));
        }
        Type parent = type.getGenericSuperclass();
        if (parent != null && parent != Object.class && !type.isRecord() && !type.isEnum()) {
            line.append(" extends ").append(parent.getTypeName());
        }
        append(line, type.isInterface() ? " extends " : " implements ", type.getGenericInterfaces());
        if (type.isSealed()) {
            Type[] permitted = type.getPermittedSubclasses();
            Arrays.sort(permitted, Comparator.comparing(Type::getTypeName));
            append(line, " permits ", permitted);
        }
        return line.toString();
    }

    private static void append(StringBuilder line, String word, Type[] types) {
        if (types.length > 0) {
            line.append(Arrays.stream(types).map(Type::getTypeName)
                    .collect(Collectors.joining(", ", word, "")));
        }
    }

    private static String component(RecordComponent component) {
        return component.getGenericType().getTypeName() + " " + component.getName();
    }

    private static Stream<String> members(Class<?> type) {
        Stream<String> fields = Arrays.stream(type.getDeclaredFields())
                .filter(field -> isVisible(field.getModifiers()) && !field.isSynthetic())
                .map(field -> deprecation(field) + inType(type, field));
        Stream<String> constructors = Arrays.stream(type.getDeclaredConstructors())
                .filter(constructor -> isVisible(constructor.getModifiers()) && !constructor.isSynthetic())
                .map(constructor -> deprecation(constructor) + withoutPackage(type, constructor));
        Stream<String> methods = Arrays.stream(type.getDeclaredMethods())
                .filter(method -> isVisible(method.getModifiers()) && !method.isSynthetic())
                .filter(method -> !isObjects(method) && !(type.isEnum() && isEnums(method)))
                .map(method -> deprecation(method) + inType(type, method));
        return Stream.of(fields, constructors, methods).flatMap(lines -> lines);
    }

    private static String inType(Class<?> type, Field field) {
        return field.toGenericString().replace(type.getTypeName() + "." + field.getName(), field.getName());
    }

    private static String inType(Class<?> type, Method method) {
        return method.toGenericString()
                .replace(type.getTypeName() + "." + method.getName() + "(", method.getName() + "(")
                .replace("synchronized ", "").replace("native ", "");
    }

    private static String withoutPackage(Class<?> type, Constructor<?> constructor) {
        return constructor.toGenericString().replace(type.getTypeName() + "(", type.getSimpleName() + "(");
    }

    private static String deprecation(AnnotatedElement element) {
        return element.isAnnotationPresent(Deprecated.class) ? "@Deprecated " : "";
    }

    private static boolean isObjects(Method method) {
        return switch (method.getName()) {
            case "equals" -> Arrays.equals(method.getParameterTypes(), new Class<?>[]{Object.class});
            case "hashCode", "toString" -> method.getParameterCount() == 0;
            default -> false;
        };
    }

    private static boolean isEnums(Method method) {
        return method.getName().equals("values") && method.getParameterCount() == 0
                || method.getName().equals("valueOf") && method.getParameterCount() == 1;
    }
}
