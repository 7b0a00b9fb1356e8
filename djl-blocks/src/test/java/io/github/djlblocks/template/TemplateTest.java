package io.github.djlblocks.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected texts are those of the language reference of Jinja and of Python, by hand. */
class TemplateTest {

    private static final Map<String, Object> VARIABLES = variables();

    private static Map<String, Object> variables() {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "user");
        message.put("content", "a b");
        message.put("name", null);
        return Map.of(
                "letters",
                List.of("p", "q", "r"),
                "message",
                message,
                "rows",
                List.of(Map.of("k", "x", "n", 2), Map.of("k", "y", "n", 1)),
                "count",
                3,
                "half",
                0.5f,
                "emoji",
                "\ud83d\ude00!");
    }

    private static String render(String template) {
        return Template.parse("t", template).render(VARIABLES);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "letters[::-1] # ['r', 'q', 'p']",
                "letters[1:] # ['q', 'r']",
                "letters[:-1] # ['p', 'q']",
                "letters[-9:2] # ['p', 'q']",
                "letters[2::-2] # ['r', 'p']",
                "letters[-1] # r",
                "letters.0 # p",
                "'abc'[::-1] # cba",
                "emoji[1] # !",
                "emoji|length # 2",
                "message.role # user",
                "message['role'] # user",
                "message.get('x') # None",
                "message.get('x', 7) # 7",
                "message.name is none # True",
                "message.x is defined # False",
                "message.name is defined # True",
                "not x is defined # True",
                "x is not defined and count == 3 # True",
                "'a' 'b' ~ 1 # ab1",
                "1 == 1.0 # True",
                "1 == '1' # False",
                "true == 1 # True",
                "7 // 2 # 3",
                "-7 // 2 # -4",
                "-7 % 3 # 2",
                "7 / 2 # 3.5",
                "6 / 2 # 3.0",
                "2 ** 3 ** 1 # 8",
                "1 + 2 * 3 - 1 # 6",
                "half * 2 # 1.0",
                "1 < 2 < 3 # True",
                "1 < 2 > 3 # False",
                "'a' in message.content # True",
                "'z' not in letters # True",
                "'role' in message # True",
                "not (1 in [1, 2]) # False",
                "none or 'x' # x",
                "0 and 'x' # 0",
                "'y' if count > 2 else 'n' # y",
                "'y' if count > 5 # ``",
                "'a' if false else 'b' if true else 'c' # b",
                "[1, 'two', none, {'k': true}] # [1, 'two', None, {'k': True}]",
                "'it\\'s' # it's",
                "['it\\'s'] # [\"it's\"]",
                "('a', 1) # ['a', 1]",
                "letters|join(', ')|upper # P, Q, R",
                "rows|map(attribute='k')|join # xy",
                "letters|map('upper')|list # ['P', 'Q', 'R']",
                "rows|selectattr('n', 'equalto', 1)|map(attribute='k')|first # y",
                "rows|rejectattr('n', '>', 1)|list|length # 1",
                "rows|sort(attribute='n')|map(attribute='k')|join # yx",
                "[1, 0, 2]|select|list # [1, 2]",
                "[1, 2, 3]|select('odd')|sum # 4",
                "message|items|length # 3",
                "x|default('d') # d",
                "''|default('d') # ``",
                "''|default('d', true) # d",
                "' a '|trim # a",
                "'abc'|replace('b', 'x')|capitalize # Axc",
                "'3'|int + 1 # 4",
                "'x'|int(5) # 5",
                "2.5|round # 2.0",
                "1e20 # 1e+20",
                "0.1 + 0.2 # 0.30000000000000004",
                "'<a>'|e # &lt;a&gt;",
                "'a b  c'.split() # ['a', 'b', 'c']",
                "'a,b,c'.split(',', 1) # ['a', 'b,c']",
                "'a,b,c'.rsplit(',', 1) # ['a,b', 'c']",
                "'</t>x'.split('</t>')[-1] # x",
                "'xxaxx'.strip('x') # a",
                "'xa'.lstrip('x') + 'bx'.rstrip('x') # ab",
                "'abc'.startswith('ab') and 'abc'.endswith(('x', 'c')) # True",
                "'a-b'.replace('-', '+').title() # A+B",
                "'a\\nb'.splitlines()|length # 2",
                "'aXbX'.find('X') # 1",
                "message.content is string # True",
                "letters is string # False",
                "message is mapping and letters is sequence # True",
                "count is number and count is not string # True",
                "letters is iterable and message is not iterable # False",
                "count is divisibleby 3 # True",
                "range(3)|list # [0, 1, 2]",
                "range(5, 0, -2)|list # [5, 3, 1]",
                "dict(a=1).a # 1",
                "'a' < 'b' # True",
            })
    void render_expression_isWhatPythonSays(String expression, String expected) {
        assertThat(render("{{ " + expression + " }}")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{% for x in letters if x != 'q' %}{{ loop.index0 }}{{ x }}{% endfor %} # 0p1r",
                "{% for x in [] %}a{% else %}b{% endfor %} # b",
                "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %} # a1",
                "{% for x in letters %}{{ loop.previtem }}{{ loop.last }}{% endfor %}"
                        + " # FalsepFalseqTrue",
                "{% for x in letters %}{% if loop.first %}{% continue %}{% endif %}{{ x }}"
                        + "{% break %}{% endfor %} # q",
                "{% set f = 0 %}{% for x in letters %}{% set f = 1 %}{% endfor %}{{ f }} # 0",
                "{% set n = namespace(f=0) %}{% for x in letters %}{% set n.f = n.f + 1 %}"
                        + "{% endfor %}{{ n.f }} # 3",
                "{% for x in [1, 2] %}{{ y is defined }}{% set y = x %}{% endfor %} # FalseFalse",
                "{% if true %}{% set y = 4 %}{% endif %}{{ y }} # 4",
                "{% if 0 %}a{% elif count == 3 %}b{% else %}c{% endif %} # b",
                "{% set a, b = 1, 2 %}{{ b }}{{ a }} # 21",
                "{% set t | upper %}x{{ count }}{% endset %}{{ t }} # X3",
                "{% macro m(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) ~ m(2, b=3) }} # 1z23",
                "{% filter upper %}abc{% endfilter %} # ABC",
                "{% with a = 1 %}{{ a }}{% endwith %}{{ a is defined }} # 1False",
                "{% generation %}g{% endgeneration %} # g",
                "{% raw %}{{ x }}{% endraw %} # {{ x }}",
                "{{ {'a': {}} }} # {'a': {}}",
            })
    void render_statement_isWhatJinjaSays(String template, String expected) {
        assertThat(render(template)).isEqualTo(expected);
    }

    /**
     * A statement takes the break after it and the indentation before it along, a value nothing.
     */
    @Test
    void render_whiteSpace_isTrimmedAsByTransformers() {
        assertThat(render("a\n  {% if true %}\n  b\n  {% endif %}\nc\n")).isEqualTo("a\n  b\nc");
        assertThat(render("a\n  {%+ if true %}\nb{% endif +%}\nc")).isEqualTo("a\n  b\nc");
        assertThat(render("a \n {%- if true -%} \n b {%- endif %} c")).isEqualTo("ab c");
        assertThat(render("a\n  {{ count }}\nb")).isEqualTo("a\n  3\nb");
        assertThat(render(" {{- count -}} \n b")).isEqualTo("3b");
        assertThat(render("x {% if true %} y{% endif %}")).isEqualTo("x  y");
        assertThat(render("  {# c #}\nz")).isEqualTo("z");
        assertThat(render("{# no #}x{#- no -#} y")).isEqualTo("xy");
        assertThat(render("a\r\nb\r\n\r\n")).isEqualTo("a\nb\n");
    }

    @Test
    void toJson_isThatOfPython() {
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put("name", "f\u00e9\n\"<\u0001");
        tool.put("list", Arrays.asList(1, 2.0, null, true));
        tool.put("empty", Map.of());
        Map<String, Object> variables = Map.of("tool", tool);
        String line =
                "{\"name\": \"f\u00e9\\n"
                        + "\\\"<\\u0001\", \"list\": [1, 2.0, null, true], \"empty\": {}}";
        assertThat(Template.parse("t", "{{ tool|tojson }}").render(variables)).isEqualTo(line);
        assertThat(Template.parse("t", "{{ tool|tojson(indent=2) }}").render(variables))
                .isEqualTo(
                        """
                        {
                          "name": "f\u00e9\\n\\"<\\u0001",
                          "list": [
                            1,
                            2.0,
                            null,
                            true
                          ],
                          "empty": {}
                        }\
                        """);
        assertThat(
                        Template.parse(
                                        "t",
                                        "{{ tool.list|tojson(separators=(',', ':')) }}"
                                                + "{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}")
                                .render(variables))
                .isEqualTo("[1,2.0,null,true]{\"a\": 2, \"b\": 1}");
    }

    @Test
    void strftimeNow_isThatOfPython() {
        Clock clock = Clock.fixed(Instant.parse("2024-07-04T15:09:02Z"), ZoneOffset.UTC);
        Template template =
                Template.parse(
                        "t", "{{ strftime_now('%d %b %Y|%A %-d %B|%H:%M:%S|%I %p|%j|100%%') }}");
        assertThat(template.render(Map.of(), clock))
                .isEqualTo("04 Jul 2024|Thursday 4 July|15:09:02|03 PM|186|100%");
    }

    @Test
    void render_theSameTemplateTwice_isTheSame() {
        Template template =
                Template.parse("t", "{% set n = namespace(c=0) %}{% set n.c = n.c + 1 %}{{ n.c }}");
        assertThat(template.render(Map.of())).isEqualTo("1");
        assertThat(template.render(Map.of())).isEqualTo("1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "x\\n{{ raise_exception('No ' + message.role) }} # t, line 2: No user",
                "{{ missing.deep }} # t, line 1: 'missing' is undefined",
                "{{ message.x.y }} # t, line 1: a dict has no 'x'",
                "{{ missing + 'a' }} # t, line 1: 'missing' is undefined",
                "{{ 'a' + 1 }} # t, line 1: there is no str + int",
                "{{ 1 // 0 }} # t, line 1: division by zero",
                "{{ none|length }} # t, line 1: a None has no length",
                "{{ missing() }} # t, line 1: 'missing' is undefined",
                "{{ letters.append('x') }} # t, line 1: append() would change a value, which"
                        + " templates may not: build a new one",
                "{% set message.x = 1 %} # t, line 1: cannot set message.x: only what namespace()"
                        + " made has attributes to set",
                "{{ range(1000000) }} # t, line 1: range() has more than 100000 numbers, which is"
                        + " the most",
                "{{ 'a'.split('') }} # t, line 1: split(): the separator is empty",
                "{{ 'a'|trim(x=1) }} # t, line 1: trim() takes no argument 'x' here",
                "{{ strftime_now('%Q') }} # t, line 1: strftime_now(): %Q is not implemented",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }} # t: the template calls itself"
                        + " without end",
            })
    void render_whatCannotBe_saysWhereAndWhy(String template, String message) {
        assertThatThrownBy(() -> render(template.replace("\\n", "\n")))
                .isInstanceOf(TemplateException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "a\\n{{ x # t, line 2: the tag is not closed",
                "{{ (x } }} # t, line 1: '}' closes nothing",
                "{{ }} # t, line 1: expected a value, found the end of the tag",
                "{{ 1 2 }} # t, line 1: expected the end of the tag, found '2'",
                "{{ a ? b }} # t, line 1: '?' is not expected here",
                "{% if a %}\\nb # t, line 2: the template ends before {% elif or else or endif %}",
                "{% endfor %} # t, line 1: {% endfor %} ends nothing",
                "{% for x in y %}{% endif %} # t, line 1: expected 'endfor', found 'endif'",
                "{% include 'x' %} # t, line 1: {% include %} needs other templates, which a chat"
                        + " template does not have",
                "{% do x %} # t, line 1: {% do %} is not implemented",
                "{% break %} # t, line 1: there is no loop to break or continue",
                "{% for x in y recursive %}{% endfor %} # t, line 1: recursive loops are not"
                        + " implemented: call a macro",
                "{{ f(*x) }} # t, line 1: arguments with * are not implemented: write them one by"
                        + " one",
                "{% raw %}a # t, line 1: {% raw %} is not closed: write {% endraw %}",
            })
    void parse_whatIsNotWellFormed_saysWhereAndWhy(String template, String message) {
        assertThatThrownBy(() -> Template.parse("t", template.replace("\\n", "\n")))
                .isInstanceOf(TemplateException.class)
                .hasMessage(message);
    }

    @Test
    void parse_openComment_isRefused() {
        assertThatThrownBy(() -> Template.parse("t", "a {# b"))
                .hasMessage("t, line 1: the comment is not closed");
    }

    @Test
    void parse_unknownFilterOrTest_listsThoseThereAre() {
        assertThatThrownBy(() -> Template.parse("t", "{{ x|pprint }}"))
                .hasMessageStartingWith(
                        "t, line 1: filter 'pprint' is not implemented; known: abs, attr, ");
        assertThatThrownBy(() -> Template.parse("t", "{{ x is odder }}"))
                .hasMessageStartingWith(
                        "t, line 1: test 'odder' is not implemented; known: boolean, callable, ");
    }
}
