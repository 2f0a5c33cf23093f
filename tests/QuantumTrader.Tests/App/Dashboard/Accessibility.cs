using System.Text.Json;
using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>What axe-core has against a page, of all that keeps somebody from using it.</summary>
internal static class Accessibility
{
    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(Path.Combine(DashboardSources.Modules, "axe-core", "axe.min.js")));

    public static async Task<string[]> ViolationsAsync(IPage page)
    {
        // Through the debugger: the page's own policy would not let it in as a script.
        await page.EvaluateAsync(Axe.Value);
        var found = await page.EvaluateAsync<JsonElement>("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], resultTypes: ['violations'] })");
        return [.. found.GetProperty("violations").EnumerateArray()
            .Where(v => v.GetProperty("impact").GetString() is "serious" or "critical")
            .Select(v => $"{v.GetProperty("id").GetString()}: {v.GetProperty("help").GetString()} ({string.Join("; ", v.GetProperty("nodes").EnumerateArray().Take(3).Select(n => n.GetProperty("html").GetString() + " " + n.GetProperty("any").EnumerateArray().Select(a => a.GetProperty("message").GetString()).FirstOrDefault()))})")];
    }
}
