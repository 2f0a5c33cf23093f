using System.Text.Json;
using System.Text.Json.Serialization;

namespace QuantumTrader.App;

/// <summary>How everything that the program prints or sends as JSON is written.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Printed = Apply(new JsonSerializerOptions { WriteIndented = true });

    /// <summary>As the host sends it: without line breaks.</summary>
    public static JsonSerializerOptions Sent { get; } = Apply(new JsonSerializerOptions());

    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Printed);

    public static T? Deserialize<T>(string text) => JsonSerializer.Deserialize<T>(text, Printed);

    /// <summary>Gives options of somebody else the same form.</summary>
    public static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
