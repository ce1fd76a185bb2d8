"""Locations of public cloud regions: city, latitude and longitude in degrees, names of zones.

Published by the providers, as of 2025: the metropolitan area, not the building, rounded to a
hundredth of a degree. If a provider names only a country or a state, the site is the one in
press reports and building permits. `zones` are the letters or digits that the provider appends to the
region's name; none if it offers no choice of zones. Government and sovereign clouds are left out.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Region(NamedTuple):
    """A cloud region; degrees north and east."""

    name: str
    city: str
    latitude: float
    longitude: float
    zones: str


AWS = (
    Region("af-south-1", "Cape Town", -33.92, 18.42, "abc"),
    Region("ap-east-1", "Hong Kong", 22.32, 114.17, "abc"),
    Region("ap-east-2", "Taipei", 25.03, 121.57, "abc"),
    Region("ap-northeast-1", "Tokyo", 35.68, 139.69, "acd"),
    Region("ap-northeast-2", "Seoul", 37.57, 126.98, "abcd"),
    Region("ap-northeast-3", "Osaka", 34.69, 135.50, "abc"),
    Region("ap-south-1", "Mumbai", 19.08, 72.88, "abc"),
    Region("ap-south-2", "Hyderabad", 17.39, 78.49, "abc"),
    Region("ap-southeast-1", "Singapore", 1.35, 103.82, "abc"),
    Region("ap-southeast-2", "Sydney", -33.87, 151.21, "abc"),
    Region("ap-southeast-3", "Jakarta", -6.21, 106.85, "abc"),
    Region("ap-southeast-4", "Melbourne", -37.81, 144.96, "abc"),
    Region("ap-southeast-5", "Kuala Lumpur", 3.14, 101.69, "abc"),
    Region("ap-southeast-6", "Auckland", -36.85, 174.76, "abc"),
    Region("ap-southeast-7", "Bangkok", 13.76, 100.50, "abc"),
    Region("ca-central-1", "Montreal", 45.50, -73.57, "abd"),
    Region("ca-west-1", "Calgary", 51.05, -114.07, "abc"),
    Region("eu-central-1", "Frankfurt", 50.11, 8.68, "abc"),
    Region("eu-central-2", "Zurich", 47.38, 8.54, "abc"),
    Region("eu-north-1", "Stockholm", 59.33, 18.07, "abc"),
    Region("eu-south-1", "Milan", 45.46, 9.19, "abc"),
    Region("eu-south-2", "Zaragoza", 41.65, -0.89, "abc"),
    Region("eu-west-1", "Dublin", 53.35, -6.26, "abc"),
    Region("eu-west-2", "London", 51.51, -0.13, "abc"),
    Region("eu-west-3", "Paris", 48.86, 2.35, "abc"),
    Region("il-central-1", "Tel Aviv", 32.09, 34.78, "abc"),
    Region("me-central-1", "Dubai", 25.20, 55.27, "abc"),
    Region("me-south-1", "Manama", 26.23, 50.59, "abc"),
    Region("mx-central-1", "Queretaro", 20.59, -100.39, "abc"),
    Region("sa-east-1", "Sao Paulo", -23.55, -46.63, "abc"),
    Region("us-east-1", "Ashburn", 39.04, -77.49, "abcdef"),
    Region("us-east-2", "Columbus", 39.96, -83.00, "abc"),
    Region("us-west-1", "San Jose", 37.34, -121.89, "ac"),
    Region("us-west-2", "Boardman", 45.84, -119.70, "abcd"),
)

AZURE = (
    Region("australiacentral", "Canberra", -35.31, 149.12, ""),
    Region("australiacentral2", "Canberra", -35.31, 149.12, ""),
    Region("australiaeast", "Sydney", -33.87, 151.21, "123"),
    Region("australiasoutheast", "Melbourne", -37.81, 144.96, ""),
    Region("austriaeast", "Vienna", 48.21, 16.37, "123"),
    Region("belgiumcentral", "Brussels", 50.85, 4.35, "123"),
    Region("brazilsouth", "Campinas", -22.91, -47.06, "123"),
    Region("brazilsoutheast", "Rio de Janeiro", -22.91, -43.17, ""),
    Region("canadacentral", "Toronto", 43.65, -79.38, "123"),
    Region("canadaeast", "Quebec", 46.81, -71.21, ""),
    Region("centralindia", "Pune", 18.52, 73.86, "123"),
    Region("centralus", "Des Moines", 41.59, -93.62, "123"),
    Region("chilecentral", "Santiago", -33.45, -70.67, "123"),
    Region("eastasia", "Hong Kong", 22.32, 114.17, "123"),
    Region("eastus", "Ashburn", 39.04, -77.49, "123"),
    Region("eastus2", "Boydton", 36.67, -78.39, "123"),
    Region("francecentral", "Paris", 48.86, 2.35, "123"),
    Region("francesouth", "Marseille", 43.30, 5.37, ""),
    Region("germanynorth", "Berlin", 52.52, 13.40, ""),
    Region("germanywestcentral", "Frankfurt", 50.11, 8.68, "123"),
    Region("indonesiacentral", "Jakarta", -6.21, 106.85, "123"),
    Region("israelcentral", "Tel Aviv", 32.09, 34.78, "123"),
    Region("italynorth", "Milan", 45.46, 9.19, "123"),
    Region("japaneast", "Tokyo", 35.68, 139.69, "123"),
    Region("japanwest", "Osaka", 34.69, 135.50, "123"),
    Region("jioindiawest", "Jamnagar", 22.47, 70.06, ""),
    Region("koreacentral", "Seoul", 37.57, 126.98, "123"),
    Region("koreasouth", "Busan", 35.18, 129.08, ""),
    Region("malaysiawest", "Kuala Lumpur", 3.14, 101.69, "123"),
    Region("mexicocentral", "Queretaro", 20.59, -100.39, "123"),
    Region("newzealandnorth", "Auckland", -36.85, 174.76, "123"),
    Region("northcentralus", "Chicago", 41.88, -87.63, ""),
    Region("northeurope", "Dublin", 53.35, -6.26, "123"),
    Region("norwayeast", "Oslo", 59.91, 10.75, "123"),
    Region("norwaywest", "Stavanger", 58.97, 5.73, ""),
    Region("polandcentral", "Warsaw", 52.23, 21.01, "123"),
    Region("qatarcentral", "Doha", 25.29, 51.53, "123"),
    Region("southafricanorth", "Johannesburg", -26.20, 28.05, "123"),
    Region("southafricawest", "Cape Town", -33.92, 18.42, ""),
    Region("southcentralus", "San Antonio", 29.42, -98.49, "123"),
    Region("southeastasia", "Singapore", 1.35, 103.82, "123"),
    Region("southindia", "Chennai", 13.08, 80.27, ""),
    Region("spaincentral", "Madrid", 40.42, -3.70, "123"),
    Region("swedencentral", "Gavle", 60.67, 17.14, "123"),
    Region("switzerlandnorth", "Zurich", 47.38, 8.54, "123"),
    Region("switzerlandwest", "Geneva", 46.20, 6.14, ""),
    Region("uaecentral", "Abu Dhabi", 24.45, 54.38, ""),
    Region("uaenorth", "Dubai", 25.20, 55.27, "123"),
    Region("uksouth", "London", 51.51, -0.13, "123"),
    Region("ukwest", "Cardiff", 51.48, -3.18, ""),
    Region("westcentralus", "Cheyenne", 41.14, -104.82, ""),
    Region("westeurope", "Amsterdam", 52.37, 4.90, "123"),
    Region("westindia", "Mumbai", 19.08, 72.88, ""),
    Region("westus", "San Jose", 37.34, -121.89, ""),
    Region("westus2", "Quincy", 47.23, -119.85, "123"),
    Region("westus3", "Phoenix", 33.45, -112.07, "123"),
)

GCP = (
    Region("africa-south1", "Johannesburg", -26.20, 28.05, "abc"),
    Region("asia-east1", "Changhua", 24.05, 120.52, "abc"),
    Region("asia-east2", "Hong Kong", 22.32, 114.17, "abc"),
    Region("asia-northeast1", "Tokyo", 35.68, 139.69, "abc"),
    Region("asia-northeast2", "Osaka", 34.69, 135.50, "abc"),
    Region("asia-northeast3", "Seoul", 37.57, 126.98, "abc"),
    Region("asia-south1", "Mumbai", 19.08, 72.88, "abc"),
    Region("asia-south2", "Delhi", 28.61, 77.21, "abc"),
    Region("asia-southeast1", "Singapore", 1.35, 103.82, "abc"),
    Region("asia-southeast2", "Jakarta", -6.21, 106.85, "abc"),
    Region("australia-southeast1", "Sydney", -33.87, 151.21, "abc"),
    Region("australia-southeast2", "Melbourne", -37.81, 144.96, "abc"),
    Region("europe-central2", "Warsaw", 52.23, 21.01, "abc"),
    Region("europe-north1", "Hamina", 60.57, 27.20, "abc"),
    Region("europe-north2", "Stockholm", 59.33, 18.07, "abc"),
    Region("europe-southwest1", "Madrid", 40.42, -3.70, "abc"),
    Region("europe-west1", "Saint-Ghislain", 50.45, 3.82, "bcd"),
    Region("europe-west10", "Berlin", 52.52, 13.40, "abc"),
    Region("europe-west12", "Turin", 45.07, 7.69, "abc"),
    Region("europe-west2", "London", 51.51, -0.13, "abc"),
    Region("europe-west3", "Frankfurt", 50.11, 8.68, "abc"),
    Region("europe-west4", "Eemshaven", 53.44, 6.84, "abc"),
    Region("europe-west6", "Zurich", 47.38, 8.54, "abc"),
    Region("europe-west8", "Milan", 45.46, 9.19, "abc"),
    Region("europe-west9", "Paris", 48.86, 2.35, "abc"),
    Region("me-central1", "Doha", 25.29, 51.53, "abc"),
    Region("me-central2", "Dammam", 26.43, 50.10, "abc"),
    Region("me-west1", "Tel Aviv", 32.09, 34.78, "abc"),
    Region("northamerica-northeast1", "Montreal", 45.50, -73.57, "abc"),
    Region("northamerica-northeast2", "Toronto", 43.65, -79.38, "abc"),
    Region("northamerica-south1", "Queretaro", 20.59, -100.39, "abc"),
    Region("southamerica-east1", "Sao Paulo", -23.55, -46.63, "abc"),
    Region("southamerica-west1", "Santiago", -33.45, -70.67, "abc"),
    Region("us-central1", "Council Bluffs", 41.26, -95.86, "abcf"),
    Region("us-east1", "Moncks Corner", 33.20, -80.01, "bcd"),
    Region("us-east4", "Ashburn", 39.04, -77.49, "abc"),
    Region("us-east5", "Columbus", 39.96, -83.00, "abc"),
    Region("us-south1", "Dallas", 32.78, -96.80, "abc"),
    Region("us-west1", "The Dalles", 45.60, -121.18, "abc"),
    Region("us-west2", "Los Angeles", 34.05, -118.24, "abc"),
    Region("us-west3", "Salt Lake City", 40.76, -111.89, "abc"),
    Region("us-west4", "Las Vegas", 36.17, -115.14, "abc"),
)

PROVIDERS = {
    "aws": {region.name: region for region in AWS},
    "azure": {region.name: region for region in AZURE},
    "gcp": {region.name: region for region in GCP},
}

# A few widely used regions of each provider, far apart from each other.
DEFAULT_REGIONS = {
    "aws": ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-1"),
    "azure": ("eastus", "westus2", "westeurope", "japaneast", "southeastasia"),
    "gcp": ("us-east4", "us-west1", "europe-west1", "asia-northeast1", "asia-southeast1"),
}


def canonical(provider: str, name: str) -> str:
    """Return the region's name as written here: Azure's tables say 'East US' for `eastus`."""
    return re.sub(r"\s+", "", name).lower() if provider == "azure" else name.strip()
