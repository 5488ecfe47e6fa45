"""Zones and their zone files."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from dashboard.dependents import Dependents, Group
from dashboard.forms.zones import ZoneFileForm, ZoneForm
from dashboard.noting import actor_of
from dashboard.section import ROWS_A_PAGE, Section, View
from dashboard.tables import Column
from dashboard.writing import declare, sent
from steering.models import Binding
from zones.models import RecordSet, Zone
from zones.services import delete_zone, export_zone_file


class ZoneSection(Section[Zone]):
    model = Zone
    form_class = ZoneForm
    slug = "zones"
    lead = "Domains that the edges answer for."
    key = "origin"
    key_converter = "str"
    searched = ("origin",)
    columns = (
        Column("origin", "Origin", lambda row: row[0].origin, ("origin",)),
        Column("serial", "Serial", lambda row: row[0].serial, ("serial",), is_number=True),
        Column("record_sets", "Record sets", lambda row: row[1], is_number=True),
        Column("updated", "Changed", lambda row: row[0].updated, ("updated",)),
    )
    example = '{"origin": "example.com."}'
    editable = False

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{one}import/", self.import_file, "zones-import"),
            (f"{one}export/", self.export_file, "zones-export"),
        ]

    def objects(self) -> QuerySet[Zone]:
        return Zone.objects.select_related("team")

    def rows_of(self, shown: list[Zone]) -> list[tuple[Zone, int]]:
        counted = Zone.objects.filter(pk__in=[zone.pk for zone in shown])
        counts = dict(counted.annotate(count=Count("record_sets")).values_list("pk", "count"))
        return [(zone, counts.get(zone.pk, 0)) for zone in shown]

    def show(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The table of record sets, searched by name or content and filtered by type."""
        shown = self.find(request, key)
        searched, kind = request.GET.get("q", "").strip(), request.GET.get("type", "")
        found = shown.record_sets.select_related("binding__policy").order_by("name", "type")
        if searched:
            found = found.filter(Q(name__icontains=searched) | Q(rdatas__icontains=searched))
        if kind:
            found = found.filter(type=kind)
        context = {
            "object": shown,
            "page": Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page")),
            "searched": searched,
            "kind": kind,
            "kinds": shown.record_sets.order_by("type").values_list("type", flat=True).distinct(),
        }
        return self._render(request, "show", context)

    def dependents(self, doomed: Zone) -> Dependents:
        """A zone has too many record sets to collect; what hurts are the names that policies answer."""
        bindings = [str(binding) for binding in Binding.objects.filter(record_set__zone=doomed)[:8]]
        count = RecordSet.objects.filter(zone=doomed).count()
        bound = Binding.objects.filter(record_set__zone=doomed).count()
        groups = [Group("record sets", [], count), Group("bindings to policies", bindings, bound)]
        return Dependents(blocking=[], following=[group for group in groups if group.count], losing=[])

    def remove(self, doomed: Zone) -> None:
        delete_zone(doomed)

    def import_file(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Make the zone what a master file says."""
        zone = self.find(request, key)
        form = ZoneFileForm(sent(request), request.FILES if request.method == "POST" else None, zone=zone)
        if form.is_bound and form.is_valid():
            try:
                result = declare(lambda: form.store(actor_of(request)))
            except ValidationError as problem:
                form.refuse(problem)
            else:
                told = f"{result.added} record sets added, {result.changed} changed, {result.removed} removed."
                messages.success(request, f"Zone file imported: {told}")
                return redirect(self.url_of(zone))
        context = {"section": self, "object": zone, "form": form}
        return render(request, "dashboard/zones/import.html", context, status=422 if form.is_bound else 200)

    def export_file(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The zone as a master file."""
        zone = self.find(request, key)
        response = HttpResponse(export_zone_file(zone), content_type="text/dns; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{zone.origin}zone"'
        return response
