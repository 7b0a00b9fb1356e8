package io.github.djlblocks.template;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.Map;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.Value;
import org.jspecify.annotations.Nullable;

/**
 * A template in the language of Jinja, rendered by Hugging Face's own library for chat templates,
 * {@code @huggingface/jinja}: {@code trim_blocks} and {@code lstrip_blocks} are on, and {@code
 * raise_exception}, {@code strftime_now} and {@code tojson} are those of {@code
 * apply_chat_template} in transformers.
 *
 * <p>It needs {@code org.graalvm.polyglot:polyglot} and {@code js-community} on the classpath. Any
 * number of threads may render; they take turns.
 */
public final class Template {

    private static final Gson JSON =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private final String name;
    private final Value parsed;

    private Template(String name, Value parsed) {
        this.name = name;
        this.parsed = parsed;
    }

    /**
     * Reads a template.
     *
     * @param name what errors call it
     * @param source its text
     * @return the template
     * @throws TemplateException if it is not well formed
     * @throws IllegalStateException if the interpreter is not on the classpath
     */
    public static Template parse(String name, String source) {
        try {
            return new Template(name, JinjaLibrary.parse(source));
        } catch (PolyglotException e) {
            throw failure(name, e);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    name
                            + " cannot be read: add org.graalvm.polyglot:polyglot and"
                            + " org.graalvm.polyglot:js-community to the classpath",
                    e);
        }
    }

    /**
     * Renders the template.
     *
     * @param variables what it may use: text, numbers, booleans, lists, maps and null
     * @return the text
     * @throws TemplateException if the template raises an exception, or asks something of what is
     *     not there
     */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        try {
            return JinjaLibrary.render(parsed, JSON.toJson(variables));
        } catch (PolyglotException e) {
            throw failure(name, e);
        }
    }

    private static TemplateException failure(String name, PolyglotException e) {
        return new TemplateException(name + ": " + e.getMessage(), e);
    }
}
