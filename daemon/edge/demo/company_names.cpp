#include <array>
#include <string_view>

#include <fmt/format.h>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

constexpr std::array<std::string_view, 48> given = {
    "Anna",  "Bilal", "Carla", "Deniz",   "Emil",    "Frieda", "Goran", "Hanna", "Ivo",    "Jana",  "Kofi",   "Lena",
    "Mateo", "Nadia", "Oskar", "Priya",   "Quentin", "Rosa",   "Samir", "Tilda", "Umut",   "Vera",  "Willem", "Yara",
    "Zoran", "Agnes", "Bruno", "Cecilia", "Dario",   "Elif",   "Felix", "Greta", "Henrik", "Ines",  "Jakob",  "Katja",
    "Linus", "Mira",  "Nils",  "Olga",    "Pablo",   "Ruth",   "Sven",  "Thea",  "Ugo",    "Wanda", "Xenia",  "Yusuf"};
constexpr std::array<std::string_view, 44> family = {
    "Albrecht", "Bianchi",  "Çelik",     "Dahl",   "Ebert",  "Fischer", "Garcia", "Hofmann", "Ivanov",
    "Jensen",   "Kowalski", "Lindqvist", "Müller", "Nguyen", "Okafor",  "Petrov", "Quist",   "Richter",
    "Santos",   "Thorsen",  "Ueda",      "Vogel",  "Weber",  "Yılmaz",  "Zimmer", "Arendt",  "Brandt",
    "Costa",    "Dietz",    "Engel",     "Fuchs",  "Graf",   "Haas",    "Jung",   "Keller",  "Lang",
    "Moser",    "Neumann",  "Otto",      "Pohl",   "Roth",   "Simon",   "Tanner", "Winter"};
constexpr std::array<std::string_view, 40> places = {
    "Rotbach",   "Hafenstadt", "Altenau",    "Birkfeld",   "Cranmoor",    "Dornbach",  "Eichwald",   "Falkensee",
    "Grünau",    "Heidekrug",  "Ilmenau",    "Jadeberg",   "Kaltenbrunn", "Lindental", "Mühlheim",   "Neuwied",
    "Oberau",    "Petersdorf", "Quellental", "Rosenau",    "Seefeld",     "Tannberg",  "Uferhausen", "Velden",
    "Waldkirch", "Ystad",      "Zellberg",   "Ardmore",    "Bramley",     "Clifden",   "Dunmore",    "Elmsworth",
    "Fairhaven", "Glenbrook",  "Holmwood",   "Inverleith", "Kingsmere",   "Langford",  "Marsden",    "Northwick"};
constexpr std::array<std::string_view, 8> clubs = {"SV {}", "{} Rowing Club", "TSV {} 1908",   "{} Athletics",
                                                   "FC {}", "{} Tennis Club", "Turnverein {}", "{} Rovers"};
constexpr std::array<std::string_view, 8> theatres = {"{} Playhouse",    "Stadttheater {}", "{} Opera",
                                                      "Kammerspiele {}", "{} Dance House",  "Kleine Bühne {}",
                                                      "{} Concert Hall", "Schauspiel {}"};
constexpr std::array<std::string_view, 8> firms = {"{} Insurance", "Brauerei {}", "{} Logistics", "{} & Partners",
                                                   "Autohaus {}",  "{} Steel",    "{} Dairy",     "Bank of {}"};

}  // namespace

std::string person_name(const Company& company, std::size_t number) {
    const auto shift = static_cast<std::size_t>(Random(company.options.seed, "persons").below(1000));
    const std::size_t turn = number + shift;  // 48 and 44 share a divisor, so the family steps on after each round
    return fmt::format("{} {}", given[turn % given.size()], family[(turn * 5 + turn / given.size()) % family.size()]);
}

std::string company_name(const Company& company, const std::string& segment, std::size_t number) {
    const auto shift = static_cast<std::size_t>(Random(company.options.seed, segment).below(1000));
    const auto& kinds = segment == "clubs" ? clubs : segment == "theatres" ? theatres : firms;
    const std::size_t turn = number + shift;
    const std::string_view where = places[turn % places.size()];
    return fmt::format(fmt::runtime(kinds[(turn + turn / places.size()) % kinds.size()]), where);
}

}  // namespace retaind::demo
