using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QuantumTrader.Pipelines;

/// <summary>Generates the JSON Schema (draft 2020-12) of pipeline files, from the same records that files are bound to.</summary>
public static class JsonSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented text.</summary>
    public static string Generate(BlockRegistry registry) => Build(registry).ToJsonString(Indented);

    private static JsonObject Build(BlockRegistry registry)
    {
        var properties = new JsonObject
        {
            ["version"] = new JsonObject { ["const"] = 1, ["description"] = "Version of the file's form." },
            ["pipeline"] = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["description"] = "Name of the pipeline." },
            ["engine"] = OfRecord(PipelineKeys.Engine, "How the engine runs the whole graph."),
            ["switches"] = OfRecord(PipelineKeys.Switches, "Switches of the whole pipeline; each is also an environment variable."),
            ["plugins"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" }, ["description"] = "Assemblies with further blocks and sections." },
            ["blocks"] = OfBlocks(registry),
            ["tests"] = OfTests(),
        };
        foreach (var section in registry.Sections)
        {
            properties[section.Name] = section.Options is { } model
                ? OfRecord(model, section.Summary)
                : new JsonObject { ["type"] = Types("object", "null"), ["description"] = section.Summary, ["additionalProperties"] = false };
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "QuantumTrader pipeline",
            ["type"] = "object",
            ["required"] = new JsonArray("version", "pipeline", "blocks"),
            ["additionalProperties"] = false,
            ["properties"] = properties,
            ["$defs"] = new JsonObject
            {
                ["interpolated"] = new JsonObject { ["type"] = "string", ["pattern"] = @"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}", ["description"] = "A reference to the environment." },
                ["blockNames"] = new JsonObject
                {
                    ["description"] = "One block, or several.",
                    ["anyOf"] = new JsonArray(
                        new JsonObject { ["type"] = "string" },
                        new JsonObject { ["type"] = "array", ["minItems"] = 1, ["uniqueItems"] = true, ["items"] = new JsonObject { ["type"] = "string" } }),
                },
                ["blocks"] = new JsonObject(registry.Blocks.Values.Select(b => KeyValuePair.Create<string, JsonNode?>(b.Name, OfBlock(b, registry)))),
            },
        };
    }

    private static JsonObject OfBlocks(BlockRegistry registry) => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["description"] = "The blocks, by name.",
        ["propertyNames"] = new JsonObject { ["pattern"] = "^[a-z][a-z0-9_-]*$" },
        ["additionalProperties"] = new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray("type"),
            ["properties"] = new JsonObject { ["type"] = new JsonObject { ["enum"] = Strings(registry.Blocks.Keys) } },
            ["allOf"] = new JsonArray([.. registry.Blocks.Keys.Select(type => new JsonObject
            {
                ["if"] = new JsonObject { ["properties"] = new JsonObject { ["type"] = new JsonObject { ["const"] = type } } },
                ["then"] = new JsonObject { ["$ref"] = $"#/$defs/blocks/{type}" },
            })]),
        },
    };

    private static JsonObject OfBlock(BlockType block, BlockRegistry registry)
    {
        var options = block.Options?.Options ?? [];
        var properties = new JsonObject { ["type"] = new JsonObject { ["const"] = block.Name, ["description"] = block.Summary } };
        foreach (var port in block.Inputs)
        {
            properties[port.Name] = new JsonObject { ["$ref"] = "#/$defs/blockNames", ["description"] = $"Blocks that send {port.Words}." };
        }

        foreach (var option in PipelineKeys.Common.Options.Concat(options))
        {
            properties[option.Key] = OfOption(option);
        }

        if (block.HasChosenEvents)
        {
            var events = OfOption(PipelineKeys.ChosenEvents["events"]!);
            events.Remove("type");
            events["anyOf"] = OrInterpolated(new JsonObject { ["enum"] = Strings(registry.Formats.Keys) })["anyOf"]!.DeepClone();
            properties["events"] = events;
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["description"] = block.Summary,
            ["required"] = Strings(["type", .. block.Inputs.Select(p => p.Name), .. options.Where(o => o.IsRequired).Select(o => o.Key)]),
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
    }

    private static JsonObject OfRecord(OptionsModel model, string description)
    {
        var schema = new JsonObject { ["type"] = model.HasRequired ? "object" : Types("object", "null"), ["additionalProperties"] = false };
        if (description.Length > 0)
        {
            schema["description"] = description;
        }

        if (model.HasRequired)
        {
            schema["required"] = Strings(model.Options.Where(o => o.IsRequired).Select(o => o.Key));
        }

        schema["properties"] = new JsonObject(model.Options.Select(o => KeyValuePair.Create<string, JsonNode?>(o.Key, OfOption(o))));
        return schema;
    }

    private static JsonObject OfOption(Option option)
    {
        var schema = OfShape(option.Shape, option.Range);
        if (option.Description.Length > 0)
        {
            schema["description"] = option.Description;
        }

        if (!option.IsRequired && DefaultOf(option.Default) is { } value)
        {
            schema["default"] = value;
        }

        return schema;
    }

    private static JsonObject OfShape(ValueShape shape, RangeAttribute? range)
    {
        var schema = shape switch
        {
            TextShape => new JsonObject { ["type"] = Types("string", "number", "boolean") },
            BooleanShape => OrInterpolated(new JsonObject { ["type"] = "boolean" }),
            NumberShape number => OrInterpolated(OfNumber(number, range)),
            ChoiceShape choice => OrInterpolated(new JsonObject { ["enum"] = Strings(choice.Choices.Select(c => c.Word)) }),
            DurationShape => OrInterpolated(new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$" }),
            ShareShape => OrInterpolated(new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?%$" }),
            ListShape { Item: TextShape } list => new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "array", ["items"] = OfShape(list.Item, range) }) },
            ListShape list => new JsonObject { ["type"] = "array", ["items"] = OfShape(list.Item, range) },
            MapShape map => new JsonObject { ["type"] = "object", ["additionalProperties"] = OfShape(map.Item, range) },
            RecordShape record => OfRecord(record.Model, ""),
            _ => throw new InvalidOperationException($"Invariant: {shape.GetType().Name} has no schema."),
        };
        return shape.IsNullable ? new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) } : schema;
    }

    private static JsonObject OfNumber(NumberShape shape, RangeAttribute? range)
    {
        var schema = new JsonObject { ["type"] = shape.IsWhole ? "integer" : "number" };
        if (range is not null && double.IsFinite(range.Min))
        {
            schema["minimum"] = range.Min;
        }

        if (range is not null && double.IsFinite(range.Max))
        {
            schema["maximum"] = range.Max;
        }

        return schema;
    }

    private static JsonObject OrInterpolated(JsonObject schema) =>
        new() { ["anyOf"] = new JsonArray(schema, new JsonObject { ["$ref"] = "#/$defs/interpolated" }) };

    private static JsonObject OfTests()
    {
        JsonObject Events(string description) => new()
        {
            ["type"] = "object",
            ["description"] = description,
            ["additionalProperties"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object" } },
        };

        return new JsonObject
        {
            ["type"] = Types("array", "null"),
            ["description"] = "Tests of the pipeline: events that go in, and what must come out.",
            ["items"] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("name", "insert", "expect"),
                ["additionalProperties"] = false,
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["type"] = "string", ["description"] = "What the test says of the pipeline." },
                    ["insert"] = Events("Events by source, block, or block.port."),
                    ["expect"] = Events("Events that each block must have sent; only the fields given are compared."),
                    ["tolerance"] = new JsonObject { ["type"] = "number", ["minimum"] = 0, ["default"] = 0, ["description"] = "Largest difference between numbers that count as equal." },
                },
            },
        };
    }

    /// <summary>The default as JSON; null when there is nothing to say, as for records and empty lists.</summary>
    private static JsonNode? DefaultOf(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag,
        Enum choice => SnakeCase.From(choice.ToString()),
        TimeSpan duration => ScalarBinder.DurationText(duration),
        Share share => share.ToString(),
        int or long => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        decimal number => number,
        double number => double.IsFinite(number) ? number : null,
        IDictionary => null,
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(DefaultOf)]) is { Count: > 0 } items && items.All(i => i is not null) ? items : null,
        _ => null,
    };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static JsonArray Types(params string[] types) => Strings(types);
}
