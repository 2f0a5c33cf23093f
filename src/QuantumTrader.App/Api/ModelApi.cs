using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;

namespace QuantumTrader.App.Api;

/// <summary><c>/api/model</c>, and the topic of the same name.</summary>
internal sealed class ModelApi(RunViews views) : IApi, ITopic
{
    public string Name => "model";

    public long? Version => views.Looks;

    public object Read() => views.ReadModel();

    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/model", Read).WithName("model").WithSummary("Model page: predictions, features with warm bits and drift, regime, fast or enhanced.").Produces<ModelDocument>();
}
