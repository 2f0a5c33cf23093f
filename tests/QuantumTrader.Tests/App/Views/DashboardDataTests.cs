using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using QuantumTrader.App.History;
using QuantumTrader.App.Views;

namespace QuantumTrader.Tests.App.Views;

/// <summary>docs/dashboard-data.md says how every field is computed.</summary>
public sealed class DashboardDataTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Qt.Root, "docs", "dashboard-data.md"));

    public static IEnumerable<object[]> Fields =>
        new[] { typeof(MarketFields), typeof(RunHealth), typeof(PredictionFigures) }
            .SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.Name is not ("Last" or "Reasons")).Select(p => (object[])[t.Name, NameOf(p)]));

    [Theory]
    [MemberData(nameof(Fields))]
    public void Every_field_of_the_dashboard_has_its_formula(string table, string field) =>
        Rows().ShouldContain(row => row.Names.Contains(field) && row.Formula.Length > 0, $"{table}.{field} has no row");

    [Fact]
    public void Every_part_of_the_patterns_has_its_formula()
    {
        foreach (var part in new[] { nameof(PatternsDocument.Daily), nameof(PatternsDocument.Volume), nameof(PatternsDocument.Volatility), nameof(PatternsDocument.Regimes), nameof(PatternsDocument.Performance) })
        {
            Rows().ShouldContain(row => row.Names.Contains(JsonNamingPolicy.SnakeCaseLower.ConvertName(part)), part);
        }
    }

    private static string NameOf(PropertyInfo property) => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);

    private static List<(string[] Names, string Formula)> Rows() =>
        [.. Text.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Split('|')).Select(c => (c[1].Split(',').Select(n => n.Trim()).ToArray(), c[2].Trim()))];
}
