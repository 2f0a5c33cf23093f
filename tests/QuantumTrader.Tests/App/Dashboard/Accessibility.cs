using System.Text.Json;
using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>What axe-core has against a page, of all that keeps somebody from using it.</summary>
internal static class Accessibility
{
    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(Path.Combine(DashboardSources.Modules, "axe-core", "axe.min.js")));

    /// <summary>What is wrong by these rules of axe; by all that matter when none is named. A page that moves meanwhile takes several times as long.</summary>
    public static async Task<string[]> ViolationsAsync(IPage page, params string[] rules)
    {
        // Through the debugger: the page's own policy would not let it in as a script.
        await page.EvaluateAsync($"void (globalThis.axe ?? (() => {{ {Axe.Value} }})())");
        var found = await page.EvaluateAsync<JsonElement>("only => axe.run(document, { runOnly: only, resultTypes: ['violations'] })", rules.Length > 0 ? rules : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]);
        return [.. found.GetProperty("violations").EnumerateArray()
            .Where(v => v.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(v => $"{v.GetProperty("id").GetString()}: {v.GetProperty("help").GetString()} ({string.Join("; ", v.GetProperty("nodes").EnumerateArray().Take(3).Select(n => n.GetProperty("html").GetString() + " " + n.GetProperty("any").EnumerateArray().Select(a => a.GetProperty("message").GetString()).FirstOrDefault()))})")];
    }
}
